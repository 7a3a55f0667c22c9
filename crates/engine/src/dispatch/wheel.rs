//! Whose turn it is: lanes that are ready go round, lanes that wait are woken in time.

use super::permits::Taken;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// How many lanes look again when one place is given back.
const AT_ONCE: usize = 8;

/// The turns of all lanes.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    ready: VecDeque<HookId>,
    is_ready: HashSet<HookId>,
    timers: BTreeSet<(Millis, HookId)>,
    timer_of: HashMap<HookId, Millis>,
    /// Lanes that found no place, by whose places were taken.
    parked: BTreeMap<Taken, VecDeque<HookId>>,
    is_parked: HashSet<HookId>,
}

impl Wheel {
    /// Puts a lane at the end of the round, unless it is in it.
    pub(super) fn ready(&mut self, hook: HookId) {
        if self.is_ready.insert(hook) {
            self.ready.push_back(hook);
        }
    }

    /// The lane whose turn it is.
    pub(super) fn turn(&mut self) -> Option<HookId> {
        let hook = self.ready.pop_front()?;
        self.is_ready.remove(&hook);
        Some(hook)
    }

    /// Wakes a lane at `at`, instead of when it was to be woken before.
    pub(super) fn wake_at(&mut self, hook: HookId, at: Option<Millis>) {
        if self.timer_of.get(&hook).copied() == at {
            return;
        }
        if let Some(old) = self.timer_of.remove(&hook) {
            self.timers.remove(&(old, hook));
        }
        if let Some(at) = at {
            self.timer_of.insert(hook, at);
            self.timers.insert((at, hook));
        }
    }

    /// When the next lane is to be woken.
    pub(super) fn next_wake(&self) -> Option<Millis> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Wakes the lanes whose time has come.
    pub(super) fn wake(&mut self, now: Millis) {
        while let Some((at, hook)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, hook));
            self.timer_of.remove(&hook);
            self.ready(hook);
        }
    }

    /// Sets a lane aside until such a place is given back.
    pub(super) fn park(&mut self, hook: HookId, taken: Taken) {
        if self.is_parked.insert(hook) {
            self.parked.entry(taken).or_default().push_back(hook);
        }
    }

    /// Whether a lane waits for a place.
    pub(super) fn is_parked(&self, hook: HookId) -> bool {
        self.is_parked.contains(&hook)
    }

    /// Such a place was given back: some of those set aside for it look again, more than there are
    /// places, since one or the other may have nothing to do any more.
    pub(super) fn unpark(&mut self, taken: &Taken) {
        let Some(queue) = self.parked.get_mut(taken) else { return };
        let count = queue.len().min(AT_ONCE);
        let woken: Vec<_> = queue.drain(..count).collect();
        if queue.is_empty() {
            self.parked.remove(taken);
        }
        for hook in woken {
            if self.is_parked.remove(&hook) {
                self.ready(hook);
            }
        }
    }

    /// All of those set aside look again.
    pub(super) fn unpark_all(&mut self) {
        let queues = std::mem::take(&mut self.parked);
        for hook in queues.into_values().flatten() {
            if self.is_parked.remove(&hook) {
                self.ready(hook);
            }
        }
    }

    /// Forgets a lane.
    pub(super) fn remove(&mut self, hook: HookId) {
        self.wake_at(hook, None);
        self.is_parked.remove(&hook);
    }
}
