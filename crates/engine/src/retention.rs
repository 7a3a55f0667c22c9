//! The retention task: deletes what has been stored for long enough, and notes first uses of new secrets.

use crate::claims::Claims;
use crate::failure_log::FailureLog;
use crate::publish::Publisher;
use crate::registry::{AppRegistry, FirstUse};
use footbridge_journal::{Journal, JournalError, Partition, PruneLimits};
use footbridge_model::time::{Clock, Millis};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// The time between two searches for old events.
const INTERVAL: Duration = Duration::from_mins(1);
/// The pause between two portions, so that deleting delays no other write.
const PAUSE: Duration = Duration::from_millis(20);
/// The time between two searches while the journal stores nothing new, for example because the disk is full.
const INTERVAL_WHILE_BLOCKED: Duration = Duration::from_secs(3);
/// The pause before the next try after the journal could not delete anything.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long events and deliveries are stored after they have ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetentionPeriods {
    /// For events and their ended deliveries; `None` means for ever.
    pub(crate) ended: Option<Duration>,
    /// For dead deliveries; `None` means for ever.
    pub(crate) dead: Option<Duration>,
    /// For the audit log; `None` means for ever.
    pub(crate) audit: Option<Duration>,
}

/// Deletes old events and deliveries. Runs beside the dispatcher.
pub struct Retention {
    registry: Arc<AppRegistry>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    claims: Claims,
    periods: RetentionPeriods,
    first_uses: mpsc::Receiver<FirstUse>,
    log: Arc<FailureLog>,
}

impl std::fmt::Debug for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retention").field("periods", &self.periods).finish_non_exhaustive()
    }
}

impl Retention {
    pub(crate) fn new(
        publisher: &Publisher,
        claims: Claims,
        periods: RetentionPeriods,
        first_uses: mpsc::Receiver<FirstUse>,
        log: Arc<FailureLog>,
    ) -> Self {
        let Publisher { registry, journal, clock, .. } = publisher;
        let (registry, journal, clock) = (Arc::clone(registry), Arc::clone(journal), Arc::clone(clock));
        Self { registry, journal, clock, claims, periods, first_uses, log }
    }

    /// Runs until `drain` turns true.
    pub async fn run(mut self, mut drain: watch::Receiver<bool>) {
        let mut next = Instant::now() + PAUSE;
        loop {
            tokio::select! {
                biased;
                _ = drain.wait_for(|draining| *draining) => return,
                Some(first) = self.first_uses.recv() => {
                    if let Err(error) = self.registry.mark_first_use(&first).await {
                        tracing::warn!(app = %first.app, %error, "the first use of a new secret could not be noted");
                    }
                }
                () = tokio::time::sleep_until(next.min(Instant::now() + INTERVAL_WHILE_BLOCKED)) => {
                    // While the journal is blocked, what has become old since may make the room that it needs.
                    if next <= Instant::now() || !self.journal.health().problems.is_empty() {
                        next = Instant::now() + self.delete_portion().await;
                    }
                }
            }
        }
    }

    /// Deletes one portion of old events and deliveries; returns the pause until the next.
    async fn delete_portion(&self) -> Duration {
        self.log.sum_up();
        let Some(claim) = self.claims.get(Partition::RETENTION) else { return INTERVAL };
        let now = self.clock.now();
        let before = |period: Option<Duration>| period.map_or(Millis(i64::MIN), |period| now.minus(period));
        let RetentionPeriods { ended, dead, audit } = self.periods;
        let limits = PruneLimits {
            ended_before: before(ended),
            dead_before: before(dead),
            audit_before: before(audit),
            now,
        };
        match self.journal.prune(claim, limits).await {
            Ok(true) => PAUSE,
            // When fenced, another server deletes from now on.
            Ok(false) | Err(JournalError::Fenced) => INTERVAL,
            // On a full disk a smaller portion may fit, and makes room.
            Err(error) if error.is_temporary() => {
                tracing::debug!(%error, "old events cannot be deleted at the moment");
                RETRY_AFTER
            }
            Err(error) => {
                tracing::warn!(%error, "old events could not be deleted");
                INTERVAL
            }
        }
    }
}
