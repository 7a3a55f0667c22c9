//! The rows of a tail: which it shows, and how they look as JSON.

use super::super::{AdminState, deliveries, events, exchanges, visible};
use bytes::Bytes;
use footbridge_api as api;
use footbridge_engine::{
    DeliveredEvent, DeliveryView, EventView, StatusCounts, TailAttempt, TailEvent, TailItem,
};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::audit::{ActorKind, AuditEntry};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::name::AppName;
use footbridge_model::query::{Condition, DeliveryFacts, EventFacts, Query};
use footbridge_model::time::Millis;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// A kind of rows of a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    Delivery,
    Exchange,
    Audit,
    Log,
}

impl Kind {
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Event, "event"),
        (Self::Delivery, "delivery"),
        (Self::Exchange, "exchange"),
        (Self::Audit, "audit"),
        (Self::Log, "log"),
    ];
}

/// Decides what a tail shows.
#[derive(Debug)]
pub(super) struct Filter {
    /// The caller who watches the tail.
    pub(super) caller: Arc<AdminCaller>,
    /// The kinds of rows.
    pub(super) kinds: Vec<Kind>,
    /// The query that rows must match. Times do not count: a tail shows what happens now.
    pub(super) query: Query,
}

/// A row with the time at which it happened.
#[derive(Serialize)]
struct Row<T> {
    #[serde(flatten)]
    row: T,
    at: String,
}

/// A delivery with the attempt that has ended.
#[derive(Serialize)]
struct AttemptRow {
    #[serde(flatten)]
    delivery: api::Delivery,
    attempt: api::Attempt,
}

/// A line of an app's output.
#[derive(Serialize)]
pub(super) struct LogRow<'a> {
    /// The app that wrote it.
    pub(super) app: &'a str,
    pub(super) number: u64,
    pub(super) at: String,
    pub(super) stream: &'static str,
    pub(super) text: &'a str,
}

impl Filter {
    /// Returns true if another filter shows the same rows to the same caller.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let who =
            |filter: &Self| (filter.caller.kind, filter.caller.name.clone(), filter.caller.apps.clone());
        self.kinds == other.kinds
            && self.query.to_string() == other.query.to_string()
            && who(self) == who(other)
    }

    /// Returns true if rows of this kind are shown.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The kind of an item, if it is shown.
    pub(super) fn picks(&self, item: &TailItem) -> Option<&'static str> {
        match item {
            TailItem::Event(TailEvent { event, apps }) => {
                // The deliveries of an event have no outcome yet.
                let matches = || {
                    !self.query.asks_about_deliveries()
                        && self.query.matches_event_itself(&EventFacts::of(event))
                };
                let visible =
                    self.caller.may_see(&event.publisher) || apps.iter().any(|app| self.caller.may_see(app));
                (self.has(Kind::Event) && visible && matches()).then_some("event")
            }
            TailItem::Attempt(attempt) => {
                let matches =
                    || self.query.matches_delivery(&delivery_facts(attempt), &EventFacts::of(&attempt.event));
                let visible = self.caller.may_see(&attempt.hook.app);
                (self.has(Kind::Delivery) && visible && matches()).then_some("delivery")
            }
            TailItem::Exchange(record) => {
                let visible = visible::exchange(&self.caller, &record.head);
                let matches = || self.query.matches_exchange(record);
                (self.has(Kind::Exchange) && visible && matches()).then_some("exchange")
            }
        }
    }
}

impl Filter {
    /// Returns true if an entry of the audit log is shown. A query looks at its action, object and actor.
    pub(super) fn picks_audit(&self, entry: &AuditEntry) -> bool {
        self.matches(|condition| match condition {
            Condition::App(app) => is_about(entry, app),
            Condition::Name(name) => name.matches(&entry.action),
            Condition::Id(id) => entry.object.id == id.to_string(),
            Condition::Hook(hook) => entry.object.id == hook.to_string(),
            _ => false,
        })
    }

    /// Returns true if the output of an app is shown.
    pub(super) fn picks_output(&self, app: &AppName) -> bool {
        self.matches(|condition| matches!(condition, Condition::App(named) if named == app))
    }

    /// Returns true if a row matches all terms, given which conditions it meets.
    fn matches(&self, meets: impl Fn(&Condition) -> bool) -> bool {
        self.query.terms().iter().all(|term| match &term.condition {
            // A tail shows what happens now.
            Condition::Since(_) | Condition::Until(_) => true,
            condition => meets(condition) != term.negated,
        })
    }
}

/// Returns true if an app is the object of a change, made it, or has the object.
fn is_about(entry: &AuditEntry, app: &AppName) -> bool {
    let named = |text: &str| text.eq_ignore_ascii_case(app.as_str());
    let owns = |members: &Option<String>| {
        let members: Option<Value> = members.as_deref().and_then(|text| serde_json::from_str(text).ok());
        members.as_ref().and_then(|members| members.get("app")?.as_str()).is_some_and(named)
    };
    (entry.object.kind == "app" && named(&entry.object.id))
        || (entry.who.kind == ActorKind::App && named(&entry.who.name))
        || owns(&entry.before)
        || owns(&entry.after)
}

fn delivery_facts(attempt: &TailAttempt) -> DeliveryFacts<'_> {
    let TailAttempt { delivery, hook, attempt, .. } = attempt;
    DeliveryFacts {
        id: delivery.id,
        event: delivery.event_id,
        hook: hook.id,
        app: hook.app.as_str(),
        status: delivery.status,
        code: delivery.last_status,
        error: delivery.last_error.as_deref(),
        ms: Some(attempt.ms),
    }
}

/// Renders an item as one line of JSON.
pub(super) fn render(shared: &AdminState, caller: &AdminCaller, item: &TailItem) -> Option<Bytes> {
    match item {
        TailItem::Event(TailEvent { event, apps }) => {
            let seen = apps.iter().filter(|app| caller.may_see(app)).count();
            let view = EventView {
                event: (**event).clone(),
                deliveries: u32::try_from(seen).unwrap_or(u32::MAX),
                statuses: StatusCounts::default(),
            };
            line(&Row { row: events::event(&view), at: event.time.to_string() })
        }
        TailItem::Attempt(attempt) => {
            let TailAttempt { event, delivery, hook, attempt } = &**attempt;
            let event = DeliveredEvent {
                name: event.name.clone(),
                publisher: event.publisher.clone(),
                test: event.provenance.test,
            };
            let view = DeliveryView {
                delivery: delivery.clone(),
                hook: hook.clone(),
                event: Some(event),
                last_ms: Some(attempt.ms),
                attempts: Vec::new(),
            };
            let at = Millis(attempt.at.0.saturating_add(attempt.ms.into())).to_string();
            let attempt = deliveries::attempt(attempt.clone(), false);
            line(&Row { row: AttemptRow { delivery: deliveries::delivery(view, shared), attempt }, at })
        }
        TailItem::Exchange(record) => {
            let at = record.head.at.0.saturating_add(record.ms.unwrap_or_default().into());
            // The row has the time of acceptance as `at` already; the end is what a tail shows.
            let mut row = exchanges::detail(ExchangeRecord::clone(record), false);
            row.at = Millis(at).to_string();
            line(&row)
        }
    }
}

/// Writes a row as one line of JSON.
pub(super) fn line(row: &impl Serialize) -> Option<Bytes> {
    serde_json::to_vec(row).ok().map(Bytes::from)
}
