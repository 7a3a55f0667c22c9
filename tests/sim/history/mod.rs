//! The recorded history of a run, in order. The checks read it.

mod entries;

pub(crate) use entries::{
    Arrival, Change, ExchangeAnswer, ExchangeCall, ExchangeSend, HookHistory, PageEntry, PageHistory, Pruned,
    Published, Tick, To,
};

use crate::plan::{ExchangePlan, HookPlan, Publish};
use footbridge_engine::{Accepted, PublishError};
use footbridge_journal::{DeliveryView, EventView};
use footbridge_model::id::{DeliveryId, ExchangeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A shared handle to the history. Clones record into the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct History(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
pub(crate) struct Records {
    last: Tick,
    pub(crate) publishes: Vec<Published>,
    pub(crate) hooks: BTreeMap<u64, HookHistory>,
    pub(crate) arrivals: Vec<Arrival>,
    /// Deliveries whose final attempt was committed, and when.
    pub(crate) ended: Vec<(Tick, DeliveryId)>,
    /// Deliveries that a retry by hand made pending again, and when.
    pub(crate) again: Vec<(Tick, DeliveryId)>,
    pub(crate) crashes: Vec<Tick>,
    /// Answers to `Action::Ask`: true if the engine reported that deliveries are stalled.
    pub(crate) stalled: Vec<bool>,
    pub(crate) exchanges: Vec<ExchangeCall>,
    pub(crate) exchange_sends: Vec<ExchangeSend>,
    pub(crate) pages: BTreeMap<usize, PageHistory>,
    pub(crate) pruned: Pruned,
    /// Rules that were seen broken at the moment itself, in words.
    pub(crate) violations: Vec<String>,
}

impl History {
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record_publish(&self, publish: &Publish) -> usize {
        let mut records = self.records();
        let called = records.tick();
        records.publishes.push(Published { publish: publish.clone(), called, answer: None, answered: 0 });
        records.publishes.len() - 1
    }

    pub(crate) fn record_publish_answer(&self, call: usize, answer: Result<Accepted, PublishError>) {
        let mut records = self.records();
        let answered = records.tick();
        let published = &mut records.publishes[call];
        (published.answer, published.answered) = (Some(answer), answered);
    }

    pub(crate) fn record_hook(&self, plan: &HookPlan) {
        let hook_history = HookHistory { plan: plan.clone(), changes: Vec::new() };
        self.records().hooks.entry(plan.number).or_insert(hook_history);
    }

    pub(crate) fn record_change(&self, hook: u64, to: To) -> usize {
        let mut records = self.records();
        let called = records.tick();
        let hook_history = records.hooks.get_mut(&hook).unwrap();
        hook_history.changes.push(Change { to, called, answer: None });
        hook_history.changes.len() - 1
    }

    pub(crate) fn record_change_answer(&self, hook: u64, change: usize, done: bool) {
        let mut records = self.records();
        let tick = records.tick();
        records.hooks.get_mut(&hook).unwrap().changes[change].answer = Some((tick, done));
    }

    /// Records a request, sets its tick, and returns its index.
    pub(crate) fn record_request(&self, mut arrival: Arrival) -> usize {
        let mut records = self.records();
        arrival.tick = records.tick();
        records.arrivals.push(arrival);
        records.arrivals.len() - 1
    }

    pub(crate) fn record_response(&self, arrival: usize, status: u16, asked: Option<Duration>) {
        let mut records = self.records();
        let tick = records.tick();
        let arrival = &mut records.arrivals[arrival];
        (arrival.answered, arrival.answered_at, arrival.asked) = (Some(status), tick, asked);
        let hook = arrival.hook;
        drop(records);
        if status == 410 {
            self.record_change(hook, To::Gone);
        }
    }

    pub(crate) fn record_end(&self, delivery: DeliveryId) {
        let mut records = self.records();
        let tick = records.tick();
        records.ended.push((tick, delivery));
    }

    pub(crate) fn record_retry(&self, delivery: DeliveryId) {
        let mut records = self.records();
        let tick = records.tick();
        records.again.push((tick, delivery));
    }

    pub(crate) fn record_exchange(&self, plan: &ExchangePlan, id: ExchangeId) -> usize {
        let mut records = self.records();
        let called = records.tick();
        records.exchanges.push(ExchangeCall { plan: plan.clone(), called, id, answer: None });
        records.exchanges.len() - 1
    }

    pub(crate) fn record_exchange_answer(&self, call: usize, answer: ExchangeAnswer) {
        let mut records = self.records();
        records.tick();
        records.exchanges[call].answer = Some(answer);
    }

    /// Records an exchange request that reached its recipient, and returns its index.
    pub(crate) fn record_exchange_send(&self, recipient: usize, id: ExchangeId, mark: u64) -> usize {
        let mut records = self.records();
        records.tick();
        records.exchange_sends.push(ExchangeSend { recipient, id, mark, answered: None });
        records.exchange_sends.len() - 1
    }

    pub(crate) fn record_exchange_response(&self, send: usize, status: u16, body: String) {
        let mut records = self.records();
        records.tick();
        records.exchange_sends[send].answered = Some((status, body));
    }

    pub(crate) fn record_page(&self, page: usize, app: usize, entry: PageEntry) {
        let mut records = self.records();
        let tick = records.tick();
        let page = records.pages.entry(page).or_default();
        page.app = app;
        page.entries.push((tick, entry));
    }

    pub(crate) fn record_pruned(&self, events: Vec<EventView>, deliveries: Vec<DeliveryView>) {
        let mut records = self.records();
        records.pruned.events.extend(events);
        records.pruned.deliveries.extend(deliveries);
    }

    /// Records that a rule was broken; the run fails.
    pub(crate) fn record_violation(&self, what: String) {
        self.records().violations.push(what);
    }

    pub(crate) fn record_crash(&self) {
        let mut records = self.records();
        let tick = records.tick();
        records.crashes.push(tick);
    }
}

impl Records {
    const fn tick(&mut self) -> Tick {
        self.last += 1;
        self.last
    }
}
