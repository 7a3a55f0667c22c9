//! What happened in a run, in the order in which it happened: what the checks are made on.

use crate::plan::{HookPlan, Publish};
use footbridge_engine::{Accepted, PublishError};
use footbridge_model::id::{DeliveryId, EventId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A place in the order of all that happened.
pub(crate) type Tick = u64;

/// The ledger, in the hands of all that write into it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
pub(crate) struct Book {
    last: Tick,
    pub(crate) publishes: Vec<Published>,
    pub(crate) hooks: BTreeMap<u64, HookStory>,
    pub(crate) arrivals: Vec<Arrival>,
    /// Deliveries of which the disk knows since then that they have ended by an attempt.
    pub(crate) ended: Vec<(Tick, DeliveryId)>,
    /// Deliveries that the disk made pending again.
    pub(crate) again: Vec<(Tick, DeliveryId)>,
    pub(crate) crashes: Vec<Tick>,
    /// Whether deliveries did not get on, each time somebody asked.
    pub(crate) hindered: Vec<bool>,
}

/// A publish and what its caller was told.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) publish: Publish,
    pub(crate) called: Tick,
    /// Nothing when the caller hung up, or the server ended first.
    pub(crate) told: Option<Result<Accepted, PublishError>>,
}

/// A hook and what was done to it.
#[derive(Debug)]
pub(crate) struct HookStory {
    pub(crate) plan: HookPlan,
    pub(crate) changes: Vec<Change>,
}

#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) to: To,
    pub(crate) called: Tick,
    /// When whoever asked for it was told, and whether it was made.
    pub(crate) told: Option<(Tick, bool)>,
}

/// What a hook was to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Made,
    Removed,
    On,
    Off,
    /// Its receiver said 410.
    Gone,
}

/// A request that a receiver got.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) tick: Tick,
    pub(crate) at: Duration,
    pub(crate) hook: u64,
    pub(crate) event: EventId,
    pub(crate) delivery: DeliveryId,
    pub(crate) attempt: u32,
    /// What the body of the event says.
    pub(crate) mark: u64,
    /// The status of the answer, once its head has gone out.
    pub(crate) answered: Option<u16>,
    /// When that was; 0 before.
    pub(crate) answered_at: Tick,
    /// What its `Retry-After` asked for.
    pub(crate) asked: Option<Duration>,
}

impl Ledger {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calls(&self, publish: &Publish) -> usize {
        let mut book = self.book();
        let called = book.tick();
        book.publishes.push(Published { publish: publish.clone(), called, told: None });
        book.publishes.len() - 1
    }

    pub(crate) fn told(&self, call: usize, answer: Result<Accepted, PublishError>) {
        let mut book = self.book();
        book.tick();
        book.publishes[call].told = Some(answer);
    }

    pub(crate) fn plans(&self, plan: &HookPlan) {
        let story = HookStory { plan: plan.clone(), changes: Vec::new() };
        self.book().hooks.insert(plan.number, story);
    }

    pub(crate) fn changes(&self, hook: u64, to: To) -> usize {
        let mut book = self.book();
        let called = book.tick();
        let story = book.hooks.get_mut(&hook).unwrap();
        story.changes.push(Change { to, called, told: None });
        story.changes.len() - 1
    }

    pub(crate) fn changed(&self, hook: u64, change: usize, done: bool) {
        let mut book = self.book();
        let tick = book.tick();
        book.hooks.get_mut(&hook).unwrap().changes[change].told = Some((tick, done));
    }

    /// Puts down a request that has arrived, whose tick is given here; gives its place.
    pub(crate) fn arrives(&self, mut arrival: Arrival) -> usize {
        let mut book = self.book();
        arrival.tick = book.tick();
        book.arrivals.push(arrival);
        book.arrivals.len() - 1
    }

    pub(crate) fn answers(&self, arrival: usize, status: u16, asked: Option<Duration>) {
        let mut book = self.book();
        let tick = book.tick();
        let arrival = &mut book.arrivals[arrival];
        (arrival.answered, arrival.answered_at, arrival.asked) = (Some(status), tick, asked);
        let hook = arrival.hook;
        drop(book);
        if status == 410 {
            self.changes(hook, To::Gone);
        }
    }

    pub(crate) fn ends(&self, delivery: DeliveryId) {
        let mut book = self.book();
        let tick = book.tick();
        book.ended.push((tick, delivery));
    }

    pub(crate) fn begins_again(&self, delivery: DeliveryId) {
        let mut book = self.book();
        let tick = book.tick();
        book.again.push((tick, delivery));
    }

    pub(crate) fn crashes(&self) {
        let mut book = self.book();
        let tick = book.tick();
        book.crashes.push(tick);
    }
}

impl Book {
    const fn tick(&mut self) -> Tick {
        self.last += 1;
        self.last
    }
}
