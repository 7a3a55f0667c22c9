//! Watches that deliveries make progress, and reports to [`Progress`] when they do not.

use super::lane::Lane;
use crate::progress::Progress;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The time between two checks.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a delivery may be due before its lane counts as overdue.
const OVERDUE_AFTER: Duration = Duration::from_secs(10);

/// Finds lanes that make no attempt although a delivery has been due for a while and nothing prevents it.
#[derive(Debug)]
pub(super) struct Watchdog {
    progress: Arc<Progress>,
    next_check: Option<Instant>,
    /// The lanes that the last check found overdue.
    overdue: BTreeSet<HookId>,
    last_attempt: Option<Instant>,
}

impl Watchdog {
    pub(super) const fn new(progress: Arc<Progress>) -> Self {
        Self { progress, next_check: None, overdue: BTreeSet::new(), last_attempt: None }
    }

    /// Notes that an attempt starts.
    pub(super) fn attempt_started(&mut self) {
        self.last_attempt = Some(Instant::now());
    }

    /// The time until the next check.
    pub(super) fn until_next_check(&self) -> Duration {
        self.next_check.map_or(INTERVAL, |next| next.saturating_duration_since(Instant::now()))
    }

    /// Signals that the dispatcher's loop runs; returns true if a check is due.
    pub(super) fn beat(&mut self) -> bool {
        let at = Instant::now();
        self.progress.beat(at);
        if self.next_check.is_some_and(|next| at < next) {
            return false;
        }
        self.next_check = Some(at + INTERVAL);
        true
    }

    /// Reports a stall if a lane is overdue at two checks in a row and no attempt has started for a while.
    ///
    /// Lanes for which `is_waiting` returns true wait for an app or a permit, and are not overdue. `results_overdue`
    /// tells that the journal does not take results. Returns the overdue lanes, which should run again.
    pub(super) fn check(
        &mut self,
        lanes: &HashMap<HookId, Lane>,
        is_waiting: impl Fn(HookId) -> bool,
        results_overdue: bool,
        now: Millis,
    ) -> &BTreeSet<HookId> {
        let (at, since) = (Instant::now(), now.minus(OVERDUE_AFTER));
        let overdue: BTreeSet<HookId> = lanes
            .iter()
            .filter(|(id, lane)| lane.is_overdue(since, now) && !is_waiting(**id))
            .map(|(id, _)| *id)
            .collect();
        let no_attempts = self.last_attempt.is_none_or(|last| at.duration_since(last) >= OVERDUE_AFTER);
        if no_attempts && let Some(hook) = overdue.intersection(&self.overdue).next() {
            let reason = if results_overdue {
                "the results of attempts cannot be stored"
            } else {
                "deliveries are due, but no attempt is made"
            };
            self.progress.report_stall(reason, &format!("{hook} and {} others", overdue.len() - 1), at);
        }
        if overdue.is_empty() && !lanes.values().any(|lane| lane.is_backing_off(now)) {
            self.progress.clear_stall();
        }
        self.overdue = overdue;
        &self.overdue
    }
}
