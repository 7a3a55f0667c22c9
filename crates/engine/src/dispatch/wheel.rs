//! Whose turn it is: lanes that are ready go round, lanes that wait are woken in time.

use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// The turns of all lanes.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    ready: VecDeque<HookId>,
    is_ready: HashSet<HookId>,
    timers: BTreeSet<(Millis, HookId)>,
    timer_of: HashMap<HookId, Millis>,
    /// Lanes that found no place and look again when one is given back.
    parked: HashSet<HookId>,
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

    /// Sets a lane aside until a place is given back.
    pub(super) fn park(&mut self, hook: HookId) {
        self.parked.insert(hook);
    }

    /// A place was given back: those set aside look again.
    pub(super) fn unpark(&mut self) {
        for hook in std::mem::take(&mut self.parked) {
            self.ready(hook);
        }
    }

    /// Forgets a lane.
    pub(super) fn remove(&mut self, hook: HookId) {
        self.wake_at(hook, None);
        self.parked.remove(&hook);
    }
}
