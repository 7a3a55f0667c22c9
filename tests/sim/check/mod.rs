//! The oracles: properties that hold for every run.

mod arrivals;
mod attempts;
mod crashes;
mod ends;
mod exchanges;
mod lineage;
mod matching;
mod noticed;
mod order;
mod pages;
mod publishes;
mod retention;

use crate::actions::number_of;
use crate::disk::ready_now;
use crate::history::{Arrival, HookHistory, Published, Records, Tick};
use crate::plan::Plan;
use crate::run::Outcome;
use crate::seeds::passes;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{
    Account, DeliveryFilter, DeliveryView, EventFilter, EventView, ExchangeFilter, History as _, Page,
};
use footbridge_model::delivery::{Delivery, DeliveryStatus};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId};
use footbridge_model::name::AppName;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A page of a list that holds the complete list.
const ALL: Page = Page { before: None, limit: u32::MAX };

/// A check that panics if a property does not hold.
type Oracle = fn(&RunView<'_>);

/// The oracles for one server, by name.
const ORACLES: [(&str, Oracle); 12] = [
    // What launcher and receivers see at the moment itself: an app is started once, and each run gets its secret.
    ("apps", |run| assert!(run.records.violations.is_empty(), "{:#?}", run.records.violations)),
    ("accounts", |run| run.accounts(run.account)),
    ("arrivals", arrivals::check),
    ("publishes", publishes::check),
    ("lineage", lineage::check),
    ("ends", ends::check),
    ("attempts", attempts::check),
    ("order", order::check),
    ("crashes", crashes::check),
    ("exchanges", exchanges::check),
    ("pages", pages::check),
    ("retention", retention::check),
];

/// A finished run, indexed for the checks. Includes what retention has deleted.
pub(crate) struct RunView<'a> {
    plan: &'a Plan,
    records: &'a Records,
    /// True if several servers share the store.
    shared: bool,
    lasted: Duration,
    account: Account,
    events: BTreeMap<EventId, EventView>,
    rows: BTreeMap<DeliveryId, Row<'a>>,
    /// The statuses of deliveries to the server's own hooks.
    own: Vec<DeliveryStatus>,
    exchanges: BTreeMap<ExchangeId, ExchangeRecord>,
    /// Requests of deliveries that are not stored.
    strays: Vec<&'a Arrival>,
}

/// A delivery with its hook and the requests that reached the receiver.
pub(crate) struct Row<'a> {
    pub(crate) view: DeliveryView,
    pub(crate) hook: u64,
    pub(crate) hook_history: &'a HookHistory,
    pub(crate) arrivals: Vec<&'a Arrival>,
    /// When the end of an attempt was committed as final.
    ended: Vec<Tick>,
    /// When a retry by hand was committed.
    again: Vec<Tick>,
}

/// Runs the checks that hold whatever the number of servers.
pub(crate) fn of_store(run: &RunView<'_>) {
    arrivals::check(run);
    publishes::check(run);
    lineage::check(run);
    exchanges::check(run);
    retention::check(run);
}

/// Runs all checks. Panics with the first property that does not hold.
pub(crate) fn all(outcome: &Outcome) {
    let records = outcome.history.records();
    let run = RunView::of_store(&outcome.plan, &records, &outcome.disk, outcome.lasted);
    for (_, check) in ORACLES {
        check(&run);
    }
}

/// The oracles that a run fails.
fn failed(outcome: &Outcome) -> BTreeSet<&'static str> {
    let records = outcome.history.records();
    let run = RunView::of_store(&outcome.plan, &records, &outcome.disk, outcome.lasted);
    ORACLES.iter().filter(|(_, check)| !passes(|| check(&run))).map(|(name, _)| *name).collect()
}

impl<'a> RunView<'a> {
    /// Reads what a run has left in its store.
    pub(crate) fn of_store(
        plan: &'a Plan,
        records: &'a Records,
        disk: &MemoryJournal,
        lasted: Duration,
    ) -> Self {
        let mut run = Self {
            plan,
            records,
            shared: false,
            lasted,
            account: disk.account_now(),
            events: BTreeMap::new(),
            rows: BTreeMap::new(),
            own: Vec::new(),
            exchanges: BTreeMap::new(),
            strays: Vec::new(),
        };
        let stored = ready_now(disk.events(EventFilter::default(), ALL)).unwrap();
        let events = stored.into_iter().chain(records.pruned.events.iter().cloned());
        run.events = events.map(|view| (view.event.id, view)).collect();
        for listed in ready_now(disk.deliveries(DeliveryFilter::default(), ALL)).unwrap() {
            run.add_row(ready_now(disk.delivery(listed.delivery.id)).unwrap().unwrap());
        }
        for view in &records.pruned.deliveries {
            run.add_row(view.clone());
        }
        for listed in ready_now(disk.exchanges(ExchangeFilter::default(), ALL)).unwrap() {
            let record = ready_now(disk.exchange(listed.head.id)).unwrap().unwrap();
            run.exchanges.insert(record.head.id, record);
        }
        run.add_history();
        run
    }

    /// Expects what several servers that share a store promise.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    fn add_row(&mut self, view: DeliveryView) {
        if view.hook.app == AppName::bolt() {
            self.own.push(view.delivery.status);
            return;
        }
        let hook = number_of(&view.hook.route).expect("a hook that nobody made");
        let (arrivals, ended, again) = (Vec::new(), Vec::new(), Vec::new());
        let hook_history = &self.records.hooks[&hook];
        self.rows.insert(view.delivery.id, Row { view, hook, hook_history, arrivals, ended, again });
    }

    fn add_history(&mut self) {
        for (tick, ended) in &self.records.ended {
            if let Some(row) = self.rows.get_mut(ended) {
                row.ended.push(*tick);
            }
        }
        for (tick, again) in &self.records.again {
            if let Some(row) = self.rows.get_mut(again) {
                row.again.push(*tick);
            }
        }
        for arrival in &self.records.arrivals {
            match self.rows.get_mut(&arrival.delivery) {
                Some(row) => row.arrivals.push(arrival),
                None => self.strays.push(arrival),
            }
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row<'a>> {
        self.rows.values()
    }

    /// When an event was first published, and when that was acknowledged. An earlier call with its key may have stored it
    /// without an answer.
    pub(crate) fn acknowledged(&self, event: EventId) -> Option<(Tick, Tick)> {
        let call = self
            .records
            .publishes
            .iter()
            .find(|call| matches!(&call.answer, Some(Ok(accepted)) if accepted.id == event))?;
        let same_key =
            |other: &&Published| call.publish.key.is_some() && other.publish.key == call.publish.key;
        let first = self.records.publishes.iter().filter(same_key).map(|other| other.called).min();
        Some((first.unwrap_or(call.called), call.answered))
    }

    pub(crate) fn accounts(&self, account: Account) {
        assert!(account.balances(), "{account:?}");
        for status in DeliveryStatus::ALL {
            let rows = self.rows.values().filter(|row| row.view.delivery.status == status).count();
            let own = self.own.iter().filter(|other| **other == status).count();
            assert_eq!(account.count(status), (rows + own) as u64, "{} in {account:?}", status.as_str());
        }
    }

    /// True if the server crashed between these two ticks.
    fn crashed(&self, from: Tick, to: Tick) -> bool {
        self.records.crashes.iter().any(|crash| (from..to).contains(crash))
    }
}

impl Row<'_> {
    /// True if it was ever retried by hand.
    pub(crate) fn was_retried(&self) -> bool {
        !self.again.is_empty()
    }

    /// True if it was cancelled because its hook was disabled at the time of the event.
    fn is_skipped(&self) -> bool {
        let Delivery { status, last_error, .. } = &self.view.delivery;
        let reason = last_error.as_deref().unwrap_or_default();
        *status == DeliveryStatus::Cancelled && reason.starts_with("skipped: ")
    }

    pub(crate) fn describe(&self) -> String {
        format!("{:?}\n{:#?}\nat hook {:?}", self.view.delivery, self.view.attempts, self.hook_history)
    }
}

/// True for an event of the server itself.
fn is_own(view: &EventView) -> bool {
    view.event.publisher == AppName::bolt()
}

/// The marker in an event's body; 0 in an event of the server itself.
fn mark(body: &[u8]) -> u64 {
    serde_json::from_slice::<serde_json::Value>(body).unwrap()["mark"].as_u64().unwrap_or(0)
}
