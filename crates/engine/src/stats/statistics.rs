//! Collects what was counted, stores it, and answers queries.

use super::counter::TrafficCounter;
use super::ledger::{Ledger, Recent};
use crate::credentials::CredentialLedger;
use footbridge_journal::{Journal, JournalError, Resolution, Traffic, TrafficFold, TrafficQuery};
use footbridge_model::time::{Clock, Millis};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The time between two collections.
const COLLECT_EVERY: Duration = Duration::from_secs(1);
/// The number of collections between two writes: a crash loses no more than these.
const SAVE_EVERY: u32 = 10;
/// The most sums of one write, so that it delays no other.
const PORTION: usize = 250;
/// How long reading minutes may take before hours are read instead.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long reading hours may take.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// The reason why statistics cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// `[stats] enabled` is false.
    #[error("statistics are off: set `enabled = true` in `[stats]` and start the server again")]
    Off,
    /// There is too much to read for one answer.
    #[error(
        "there is too much traffic to sum up in this time: ask for a shorter time, or for one app or name"
    )]
    TooMuch,
    /// The store cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The statistics of this server.
pub(crate) struct Statistics {
    pub(crate) counter: Arc<TrafficCounter>,
    ledger: Mutex<Ledger>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
}

impl Statistics {
    /// Takes over what is stored.
    pub(crate) async fn start(
        counter: &Arc<TrafficCounter>,
        journal: &Arc<dyn Journal>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, JournalError> {
        let (counter, journal, clock) = (Arc::clone(counter), Arc::clone(journal), Arc::clone(clock));
        let mut ledger = Ledger::default();
        if counter.is_enabled() {
            ledger.remember(journal.traffic_edges().await?);
        }
        Ok(Self { counter, ledger: Mutex::new(ledger), journal, clock })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of day.
    pub(super) fn now(&self) -> Millis {
        self.clock.now()
    }

    fn collect(&self) {
        let now = self.clock.now();
        let mut ledger = self.ledger();
        self.counter.collect(|edge, sums| ledger.add(edge, sums, now));
    }

    /// Stores what was counted so far.
    pub(crate) async fn save(&self) {
        self.collect();
        let (mut unsaved, lost) = {
            let mut ledger = self.ledger();
            (ledger.take_unsaved(self.clock.now()), ledger.take_lost())
        };
        if lost > 0 {
            tracing::warn!(lost, "statistics of some edges are lost: they could not be stored for too long");
        }
        while !unsaved.is_empty() {
            let portion = unsaved.split_off(unsaved.len().saturating_sub(PORTION));
            match self.journal.add_traffic(portion.clone()).await {
                Ok(()) => {}
                Err(error) if error.is_temporary() => {
                    tracing::debug!(%error, "statistics cannot be stored at the moment");
                    let mut ledger = self.ledger();
                    portion.into_iter().chain(unsaved).for_each(|traffic| ledger.put_back(traffic));
                    return;
                }
                // Stored again they could count twice.
                Err(error) => {
                    tracing::warn!(%error, "statistics could not be stored");
                    return;
                }
            }
        }
    }

    /// The traffic of the last minutes.
    pub(crate) fn recent(&self) -> Recent {
        self.collect();
        let now = self.clock.now();
        self.ledger().recent(now)
    }

    /// Reads traffic of some time, in minutes or, if there is too much, in hours.
    pub(super) async fn read(&self, query: TrafficQuery) -> Result<ReadTraffic, StatisticsError> {
        if !self.counter.is_enabled() {
            return Err(StatisticsError::Off);
        }
        self.collect();
        if query.resolution == Resolution::Minute
            && let Some(found) = self.read_once(TrafficQuery { patience: PATIENCE, ..query.clone() }).await?
        {
            return Ok(found);
        }
        let (hour, ms) = (Resolution::Hour, Resolution::Hour.ms());
        let step_ms = (query.step_ms + ms - 1) / ms * ms;
        let since = hour.begin(query.since);
        let hours = TrafficQuery { resolution: hour, since, step_ms, patience: LAST_PATIENCE, ..query };
        self.read_once(hours).await?.ok_or(StatisticsError::TooMuch)
    }

    async fn read_once(&self, query: TrafficQuery) -> Result<Option<ReadTraffic>, JournalError> {
        // Read first: what is stored meanwhile is then counted by neither, instead of twice.
        let unsaved = self.ledger().sum_unsaved(query.clone());
        let Some(stored) = self.journal.traffic(query.clone()).await? else { return Ok(None) };
        let (since, step_ms) = (query.since, query.step_ms);
        // Both are grouped already, and have no more the parts that the query selects by.
        let mut fold = TrafficFold::new(TrafficQuery { app: None, name: None, way: None, ..query });
        for Traffic { edge, begin, sums } in stored.into_iter().chain(unsaved) {
            if let Some(group) = fold.group(&edge) {
                fold.add(group, begin, &sums);
            }
        }
        Ok(Some(ReadTraffic { since, step_ms, traffic: fold.finish() }))
    }
}

/// Traffic as it was read.
#[derive(Debug)]
pub(super) struct ReadTraffic {
    /// The beginning of the first span.
    pub(super) since: Millis,
    /// The length of the spans, in milliseconds.
    pub(super) step_ms: i64,
    /// The traffic by edge and span.
    pub(super) traffic: Vec<Traffic>,
}

/// Collects and stores statistics and the uses of credentials. Runs beside the dispatcher.
pub struct Collector {
    pub(crate) statistics: Arc<Statistics>,
    /// The uses of credentials, where there is a registry.
    pub(crate) credentials: Option<Arc<CredentialLedger>>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

impl Collector {
    /// Runs until `drain` turns true. What is counted after that is stored when the journal is closed.
    pub async fn run(self, mut drain: watch::Receiver<bool>) {
        let counts = self.statistics.counter.is_enabled();
        let (pause, pauses) =
            if counts { (COLLECT_EVERY, SAVE_EVERY) } else { (COLLECT_EVERY * SAVE_EVERY, 1) };
        loop {
            for _ in 0..pauses {
                tokio::select! {
                    biased;
                    _ = drain.wait_for(|draining| *draining) => return,
                    () = tokio::time::sleep(pause) => if counts { self.statistics.collect() },
                }
            }
            if let Some(credentials) = &self.credentials {
                credentials.save().await;
            }
            if counts {
                self.statistics.save().await;
            }
        }
    }
}
