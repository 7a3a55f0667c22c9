//! A watch on progress: lanes that do not get on although they could look again, and whoever asks is told.

use super::turns::State;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(5);
/// How long something may be due and not begun.
const OVERDUE: Duration = Duration::from_secs(10);

/// What the last look saw.
#[derive(Debug, Default)]
pub(super) struct Watch {
    next: Option<Instant>,
    /// Lanes with something due that nothing kept from being begun.
    overdue: BTreeSet<HookId>,
    last_start: Option<Instant>,
}

impl Watch {
    /// An attempt begins.
    pub(super) fn started(&mut self) {
        self.last_start = Some(Instant::now());
    }

    /// How long until the next look.
    pub(super) fn wait(&self) -> Duration {
        self.next.map_or(EVERY, |next| next.saturating_duration_since(Instant::now()))
    }
}

impl State {
    /// Looks whether lanes get on, now and then.
    pub(super) fn watch(&mut self, now: Millis) {
        let at = Instant::now();
        self.parts.progress.beat(at);
        if self.watch.next.is_some_and(|next| at < next) {
            return;
        }
        self.watch.next = Some(at + EVERY);
        let then = now.minus(OVERDUE);
        let stands = |id: HookId| self.asleep.holds(id) || self.wheel.is_parked(id);
        let overdue: BTreeSet<HookId> = self
            .lanes
            .iter()
            .filter(|(id, lane)| lane.is_overdue(then, now) && !stands(**id))
            .map(|(id, _)| *id)
            .collect();
        let idle = self.watch.last_start.is_none_or(|last| at.duration_since(last) >= OVERDUE);
        if idle && let Some(hook) = overdue.intersection(&self.watch.overdue).next() {
            let why = if self.recorder.is_behind() {
                "the journal does not keep the results of attempts"
            } else {
                "deliveries are due, and none is begun"
            };
            self.parts.progress.hinder(why, &format!("{hook} and {} others", overdue.len() - 1), at);
        }
        if overdue.is_empty() && !self.lanes.values().any(|lane| lane.is_held(now)) {
            self.parts.progress.moved();
        }
        for hook in &overdue {
            self.wheel.ready(*hook);
        }
        self.watch.overdue = overdue;
    }
}
