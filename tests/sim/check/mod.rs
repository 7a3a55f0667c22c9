//! What must hold of a run, whatever happened in it.

mod attempts;
mod crashes;
mod ends;
mod matching;
mod order;
mod publishes;

use crate::acts::number_of;
use crate::disk::at_once;
use crate::ledger::{Arrival, Book, HookStory, Tick};
use crate::plan::Plan;
use crate::run::Remains;
use footbridge_journal::{Account, DeliveryFilter, DeliveryView, EventFilter, EventView, Journal as _, Page};
use footbridge_model::delivery::{Delivery, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::name::AppName;
use std::collections::BTreeMap;

/// A run that has ended, laid out for its checks.
struct Case<'a> {
    plan: &'a Plan,
    book: &'a Book,
    events: BTreeMap<EventId, EventView>,
    rows: BTreeMap<DeliveryId, Row<'a>>,
}

/// A delivery, what it was made for and what its receiver saw.
struct Row<'a> {
    view: DeliveryView,
    hook: u64,
    story: &'a HookStory,
    arrivals: Vec<&'a Arrival>,
    /// When the disk knew that it had ended by an attempt.
    ended: Vec<Tick>,
    /// When the disk made it pending again, by hand.
    again: Vec<Tick>,
}

/// Checks all of it; panics with what does not hold.
pub(crate) fn all(remains: &Remains) {
    let book = remains.ledger.book();
    let case = Case::new(remains, &book);
    case.accounts(remains.disk.account());
    publishes::check(&case);
    ends::check(&case);
    attempts::check(&case);
    order::check(&case);
    crashes::check(&case);
}

impl<'a> Case<'a> {
    fn new(remains: &'a Remains, book: &'a Book) -> Self {
        let whole = Page { before: None, limit: u32::MAX };
        let events = at_once(remains.disk.events(EventFilter::default(), whole)).unwrap();
        let rows = at_once(remains.disk.deliveries(DeliveryFilter::default(), whole)).unwrap();
        let mut case = Self {
            plan: &remains.plan,
            book,
            events: events.into_iter().map(|view| (view.event.id, view)).collect(),
            rows: BTreeMap::new(),
        };
        for listed in rows.into_iter().filter(|row| row.hook.app != AppName::bolt()) {
            let id = listed.delivery.id;
            let view = at_once(remains.disk.delivery(id)).unwrap().unwrap();
            let hook = number_of(&view.hook.route).expect("a hook that nobody made");
            let (arrivals, ended, again) = (Vec::new(), Vec::new(), Vec::new());
            case.rows.insert(id, Row { view, hook, story: &book.hooks[&hook], arrivals, ended, again });
        }
        for (tick, ended) in &book.ended {
            case.rows.get_mut(ended).unwrap().ended.push(*tick);
        }
        for (tick, again) in &book.again {
            case.rows.get_mut(again).unwrap().again.push(*tick);
        }
        for arrival in &book.arrivals {
            let row = case.rows.get_mut(&arrival.delivery);
            let row = row.unwrap_or_else(|| panic!("sent but not kept: {arrival:?}"));
            let event = &case.events[&arrival.event].event;
            assert_eq!(arrival.event, row.view.delivery.event_id, "{arrival:?}");
            assert_eq!(arrival.hook, row.hook, "sent to another hook: {arrival:?}");
            assert_eq!(arrival.mark, mark(&event.body), "sent with another body: {arrival:?}");
            row.arrivals.push(arrival);
        }
        case
    }

    fn accounts(&self, account: Account) {
        assert!(account.balances(), "{account:?}");
        for status in DeliveryStatus::ALL {
            let count = self.rows.values().filter(|row| row.view.delivery.status == status).count();
            assert_eq!(account.count(status), count as u64, "{} in {account:?}", status.as_str());
        }
    }

    /// Whether the server was killed between these two.
    fn crashed(&self, from: Tick, to: Tick) -> bool {
        self.book.crashes.iter().any(|crash| (from..to).contains(crash))
    }
}

impl Row<'_> {
    /// Whether it was ever made pending again by hand.
    fn was_retried(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether it is cancelled because its hook was off when the event came.
    fn is_skipped(&self) -> bool {
        let Delivery { status, last_error, .. } = &self.view.delivery;
        let reason = last_error.as_deref().unwrap_or_default();
        *status == DeliveryStatus::Cancelled && reason.starts_with("skipped: ")
    }

    fn tells(&self) -> String {
        format!("{:?}\n{:#?}\nat hook {:?}", self.view.delivery, self.view.attempts, self.story)
    }
}

/// What the body of an event says.
fn mark(body: &[u8]) -> u64 {
    serde_json::from_slice::<serde_json::Value>(body).unwrap()["mark"].as_u64().unwrap()
}
