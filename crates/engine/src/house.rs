//! Housekeeping: what is old is deleted, and what an edge noticed is put down.

use crate::failure_log::FailureLog;
use crate::registry::{Registry, SecretKind};
use footbridge_journal::Journal;
use footbridge_model::name::AppName;
use footbridge_model::time::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How often old things are looked for.
const EVERY: Duration = Duration::from_mins(1);
/// The pause between two portions, so that deleting delays nobody.
const BREATH: Duration = Duration::from_millis(20);

/// How long things are kept after they ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// Events and deliveries; `None` for ever.
    pub(crate) ended: Option<Duration>,
    /// Dead deliveries; `None` for ever.
    pub(crate) dead: Option<Duration>,
}

/// The housekeeper; runs beside the dispatcher.
pub struct House {
    registry: Arc<Registry>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    keep: Keep,
    first_uses: mpsc::Receiver<(AppName, SecretKind)>,
    log: Arc<FailureLog>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").finish_non_exhaustive()
    }
}

impl House {
    pub(crate) fn new(
        registry: &Arc<Registry>,
        journal: &Arc<dyn Journal>,
        clock: &Arc<dyn Clock>,
        keep: Keep,
        first_uses: mpsc::Receiver<(AppName, SecretKind)>,
        log: Arc<FailureLog>,
    ) -> Self {
        let (registry, journal, clock) = (Arc::clone(registry), Arc::clone(journal), Arc::clone(clock));
        Self { registry, journal, clock, keep, first_uses, log }
    }

    /// Keeps house until `drain` turns true.
    pub async fn run(mut self, mut drain: watch::Receiver<bool>) {
        let mut wait = BREATH;
        loop {
            tokio::select! {
                biased;
                _ = drain.wait_for(|draining| *draining) => return,
                Some((app, kind)) = self.first_uses.recv() => {
                    if let Err(error) = self.registry.note_first_use(&app, kind).await {
                        tracing::warn!(%app, %error, "the first use of a new secret could not be noted");
                    }
                }
                () = tokio::time::sleep(wait) => wait = if self.retain().await { BREATH } else { EVERY },
            }
        }
    }

    async fn retain(&self) -> bool {
        self.log.sum_up();
        let now = self.clock.now();
        let before = |keep: Option<Duration>| {
            keep.map_or(footbridge_model::time::Millis(i64::MIN), |keep| now.minus(keep))
        };
        match self.journal.retain(before(self.keep.ended), before(self.keep.dead), now).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "old events could not be deleted");
                false
            }
        }
    }
}
