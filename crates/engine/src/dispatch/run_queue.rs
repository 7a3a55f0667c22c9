//! The run queue: lanes that may make an attempt go round in turn; the others wait for a timer or a permit.

use super::permits::Exhausted;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// How many parked lanes run again when one permit is released.
const UNPARKED_PER_PERMIT: usize = 8;

/// Lanes that are ready to run, and lanes that wait for a time or a permit.
#[derive(Debug, Default)]
pub(super) struct RunQueue {
    ready: VecDeque<HookId>,
    is_ready: HashSet<HookId>,
    timers: BTreeSet<(Millis, HookId)>,
    timer_of: HashMap<HookId, Millis>,
    /// Lanes that found no free permit, by the limit that was reached.
    parked: BTreeMap<Exhausted, VecDeque<HookId>>,
    is_parked: HashSet<HookId>,
}

impl RunQueue {
    /// Appends a lane to the queue, unless it is in it.
    pub(super) fn push(&mut self, lane: HookId) {
        if self.is_ready.insert(lane) {
            self.ready.push_back(lane);
        }
    }

    /// Removes and returns the lane at the front of the queue.
    pub(super) fn pop(&mut self) -> Option<HookId> {
        let lane = self.ready.pop_front()?;
        let was_ready = self.is_ready.remove(&lane);
        debug_assert!(was_ready, "the lane of {lane} is in the queue twice");
        Some(lane)
    }

    /// Replaces the timer of a lane; `None` removes it.
    pub(super) fn set_timer(&mut self, lane: HookId, at: Option<Millis>) {
        if self.timer_of.get(&lane).copied() == at {
            return;
        }
        if let Some(old) = self.timer_of.remove(&lane) {
            self.timers.remove(&(old, lane));
        }
        if let Some(at) = at {
            self.timer_of.insert(lane, at);
            self.timers.insert((at, lane));
        }
        debug_assert_eq!(self.timers.len(), self.timer_of.len(), "a lane has one timer");
    }

    /// The time of the earliest timer.
    pub(super) fn next_timer(&self) -> Option<Millis> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Appends the lanes whose timer has expired.
    pub(super) fn push_expired(&mut self, now: Millis) {
        while let Some((at, lane)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, lane));
            self.timer_of.remove(&lane);
            self.push(lane);
        }
    }

    /// Sets a lane aside until a permit of this kind is released.
    pub(super) fn park(&mut self, lane: HookId, exhausted: Exhausted) {
        if self.is_parked.insert(lane) {
            self.parked.entry(exhausted).or_default().push_back(lane);
        }
    }

    /// Returns true if a lane waits for a permit.
    pub(super) fn is_parked(&self, lane: HookId) -> bool {
        self.is_parked.contains(&lane)
    }

    /// Appends some of the lanes that wait for a permit of this kind, after one was released.
    ///
    /// These are more lanes than free permits, because a parked lane may have nothing left to do.
    pub(super) fn unpark(&mut self, exhausted: &Exhausted) {
        let Some(queue) = self.parked.get_mut(exhausted) else { return };
        let count = queue.len().min(UNPARKED_PER_PERMIT);
        let unparked: Vec<_> = queue.drain(..count).collect();
        if queue.is_empty() {
            self.parked.remove(exhausted);
        }
        for lane in unparked {
            if self.is_parked.remove(&lane) {
                self.push(lane);
            }
        }
    }

    /// Appends all lanes that wait for a permit.
    pub(super) fn unpark_all(&mut self) {
        let queues = std::mem::take(&mut self.parked);
        for lane in queues.into_values().flatten() {
            if self.is_parked.remove(&lane) {
                self.push(lane);
            }
        }
    }

    /// Removes a lane's timer, and stops it waiting for a permit.
    pub(super) fn remove(&mut self, lane: HookId) {
        self.set_timer(lane, None);
        self.is_parked.remove(&lane);
    }
}
