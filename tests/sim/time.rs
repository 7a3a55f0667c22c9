//! The time of a run: it continues over crashes, while the wall clock may jump.

use crate::broken::Broken;
use crate::plan::Plan;
use footbridge_model::time::{Clock, Millis};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The wall clock at the start of a run.
pub(crate) const BEGIN: Millis = Millis(1_780_000_000_000);

/// The time of a run within one server process.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    born: Instant,
    before: Duration,
    plan: Arc<Plan>,
}

impl Time {
    /// The time for a process that starts this long after the start of the run.
    pub(crate) fn from(before: Duration, plan: &Arc<Plan>) -> Self {
        Self { born: Instant::now(), before, plan: Arc::clone(plan) }
    }

    /// How long the run has lasted.
    pub(crate) fn passed(&self) -> Duration {
        self.before + self.born.elapsed()
    }

    /// Waits until this time of the run.
    pub(crate) async fn reach(&self, when: Duration) {
        tokio::time::sleep_until(self.born + when.saturating_sub(self.before)).await;
    }
}

impl Clock for Time {
    fn elapsed(&self) -> Duration {
        self.passed()
    }

    fn now(&self) -> Millis {
        let passed = self.passed();
        let set = self
            .plan
            .clock_jumps
            .iter()
            .filter(|clock_jump| clock_jump.at <= passed)
            .map(|clock_jump| clock_jump.by)
            .sum::<i64>();
        let ahead = match self.plan.broken {
            Broken::HastyClock => i64::try_from(passed.as_secs() / 10 * 30_000).unwrap(),
            _ => 0,
        };
        Millis(BEGIN.plus(passed).0 + set + ahead)
    }
}

/// The time of the run, which no node knows. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrueTime(Arc<AtomicU64>);

impl TrueTime {
    pub(crate) fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, now: Duration) {
        self.0.store(u64::try_from(now.as_millis()).unwrap(), Ordering::Relaxed);
    }
}
