//! The time of a run goes on through its crashes, and the clock on the wall does not always follow it.

use crate::plan::Plan;
use footbridge_model::time::{Clock, Millis};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the clock on the wall shows when a run begins.
const BEGIN: Millis = Millis(1_780_000_000_000);

/// The time of a run within one life of its server.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    born: Instant,
    before: Duration,
    plan: Arc<Plan>,
}

impl Time {
    /// A life that begins now, so long after the run did.
    pub(crate) fn from(before: Duration, plan: &Arc<Plan>) -> Self {
        Self { born: Instant::now(), before, plan: Arc::clone(plan) }
    }

    /// How long the run has lasted.
    pub(crate) fn passed(&self) -> Duration {
        self.before + self.born.elapsed()
    }

    /// Waits until the run has lasted so long.
    pub(crate) async fn reach(&self, when: Duration) {
        tokio::time::sleep_until(self.born + when.saturating_sub(self.before)).await;
    }
}

impl Clock for Time {
    fn now(&self) -> Millis {
        let passed = self.passed();
        let set = self.plan.jumps.iter().filter(|jump| jump.at <= passed).map(|jump| jump.by).sum::<i64>();
        Millis(BEGIN.plus(passed).0 + set)
    }
}
