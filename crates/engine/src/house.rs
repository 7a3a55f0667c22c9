//! Housekeeping: what is old is deleted, and what an edge noticed is put down.

use crate::failure_log::FailureLog;
use crate::registry::{AppRegistry, SecretKind};
use footbridge_journal::Journal;
use footbridge_model::name::AppName;
use footbridge_model::time::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How often old things are looked for.
const EVERY: Duration = Duration::from_mins(1);
/// The pause between two portions, so that deleting delays nobody.
const BREATH: Duration = Duration::from_millis(20);
/// How often they are looked for while the journal takes nothing new.
const SOON: Duration = Duration::from_secs(3);
/// How long to wait before asking a journal again that could not delete anything for a while.
const AGAIN: Duration = Duration::from_secs(1);

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
    registry: Arc<AppRegistry>,
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
        registry: &Arc<AppRegistry>,
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
        let mut next = Instant::now() + BREATH;
        loop {
            tokio::select! {
                biased;
                _ = drain.wait_for(|draining| *draining) => return,
                Some((app, kind)) = self.first_uses.recv() => {
                    if let Err(error) = self.registry.mark_first_use(&app, kind).await {
                        tracing::warn!(%app, %error, "the first use of a new secret could not be noted");
                    }
                }
                () = tokio::time::sleep_until(next.min(Instant::now() + SOON)) => {
                    // What has become old since may be what the disk has no room for.
                    if next <= Instant::now() || !self.journal.health().problems.is_empty() {
                        next = Instant::now() + self.retain().await;
                    }
                }
            }
        }
    }

    /// Deletes a portion of what is old; gives when to look again.
    async fn retain(&self) -> Duration {
        self.log.sum_up();
        let now = self.clock.now();
        let before = |keep: Option<Duration>| {
            keep.map_or(footbridge_model::time::Millis(i64::MIN), |keep| now.minus(keep))
        };
        match self.journal.prune(before(self.keep.ended), before(self.keep.dead), now).await {
            Ok(true) => BREATH,
            Ok(false) => EVERY,
            // On a full disk a smaller portion may fit, and is what makes room.
            Err(error) if error.is_temporary() => {
                tracing::debug!(%error, "old events cannot be deleted at the moment");
                AGAIN
            }
            Err(error) => {
                tracing::warn!(%error, "old events could not be deleted");
                EVERY
            }
        }
    }
}
