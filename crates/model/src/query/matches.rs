//! The decision which events, deliveries and exchanges match a query. `since:` and `until:` are left to [`Query::times`].

use super::parse::QueryError;
use super::terms::{Condition, Query, Subject, Term};
use super::values::{AnyId, Code, StatusWord};
use crate::delivery::DeliveryStatus;
use crate::event::Event;
use crate::exchange::{ExchangeOutcome, ExchangeRecord};
use crate::id::{DeliveryId, EventId, HookId};
use crate::name::AppName;
use crate::provenance::Provenance;

/// The facts about an event that a query may ask for.
#[derive(Debug, Clone, Copy)]
pub struct EventFacts<'a> {
    /// The id of the event.
    pub id: EventId,
    /// The app that published it, in any spelling.
    pub publisher: &'a str,
    /// The name of the event.
    pub name: &'a str,
    /// The body; may be empty if the query has no [tests of bodies](Query::body_tests).
    pub body: &'a [u8],
    /// The way by which it came, and its trace.
    pub provenance: Provenance,
    /// The event that caused it.
    pub cause: Option<EventId>,
}

impl<'a> EventFacts<'a> {
    /// The facts of an event.
    pub fn of(event: &'a Event) -> Self {
        Self {
            id: event.id,
            publisher: event.publisher.as_str(),
            name: event.name.as_str(),
            body: &event.body,
            provenance: event.provenance,
            cause: event.lineage.cause,
        }
    }
}

/// The facts about a delivery that a query may ask for.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryFacts<'a> {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The event to deliver.
    pub event: EventId,
    /// The hook that receives it.
    pub hook: HookId,
    /// The app that owns the hook, in any spelling.
    pub app: &'a str,
    /// The current status of the delivery.
    pub status: DeliveryStatus,
    /// The HTTP status of the last attempt that got one.
    pub code: Option<u16>,
    /// The error of the last attempt.
    pub error: Option<&'a str>,
    /// How long the last attempt took, in milliseconds.
    pub ms: Option<u32>,
}

/// The row that decides about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decider {
    /// The id alone, which the store has taken into account.
    Time,
    Event,
    Delivery,
    /// No event and no delivery has it.
    Neither,
}

const fn decider(condition: &Condition) -> Decider {
    match condition {
        Condition::Since(_) | Condition::Until(_) => Decider::Time,
        Condition::App(_)
        | Condition::Name(_)
        | Condition::Body(_)
        | Condition::Via(_)
        | Condition::Trace(_)
        | Condition::Cause(_)
        | Condition::Test(_) => Decider::Event,
        Condition::Status(StatusWord::Running | StatusWord::Answered | StatusWord::Failed)
        | Condition::Code(Code::Word(_)) => Decider::Neither,
        Condition::To(_)
        | Condition::Status(StatusWord::Delivery(_))
        | Condition::Code(_)
        | Condition::Error(_)
        | Condition::LongerThan(_)
        | Condition::ShorterThan(_)
        | Condition::Hook(_)
        | Condition::Event(_)
        | Condition::Id(_) => Decider::Delivery,
    }
}

/// The same for a list of events, in which ids of events are those of the row.
const fn event_decider(condition: &Condition) -> Decider {
    match condition {
        Condition::Event(_) | Condition::Id(AnyId::Event(_) | AnyId::Exchange(_)) => Decider::Event,
        other => decider(other),
    }
}

impl Query {
    /// Checks that every term can apply to these things.
    ///
    /// # Errors
    /// [`QueryError`] for the first term that never matches any of them.
    pub fn check_for(&self, subject: Subject) -> Result<(), QueryError> {
        let wrong = |term: &Term| match (&term.condition, subject) {
            (Condition::Body(_), Subject::Exchanges) => Some("payloads of exchanges are not stored"),
            (Condition::Hook(_) | Condition::Event(_), Subject::Exchanges) => {
                Some("exchanges have neither hooks nor events; `cause:` finds what an event caused")
            }
            (Condition::Status(StatusWord::Delivery(_)), Subject::Exchanges) => {
                Some("exchanges are `running`, `answered` or `failed`")
            }
            (condition, Subject::Events | Subject::Deliveries) => match decider(condition) {
                Decider::Neither => Some("only exchanges have it"),
                _ => None,
            },
            _ => None,
        };
        let found = self.terms.iter().find_map(|term| Some((term, wrong(term)?)));
        found.map_or(Ok(()), |(term, why)| {
            Err(QueryError::of_term(term, format!("it does not apply to {}: {why}", subject.as_str())))
        })
    }

    /// Returns true if a list of deliveries needs their events to decide.
    pub fn asks_about_events(&self) -> bool {
        self.terms.iter().any(|term| decider(&term.condition) == Decider::Event)
    }

    /// Returns true if a list of events needs their deliveries to decide.
    pub fn asks_about_deliveries(&self) -> bool {
        self.terms.iter().any(|term| event_decider(&term.condition) == Decider::Delivery)
    }

    /// Returns true if an event with these deliveries matches.
    ///
    /// All terms about deliveries that are not negated must hold for one of them; a negated term must hold for none.
    pub fn matches_event(&self, event: &EventFacts<'_>, deliveries: &[DeliveryFacts<'_>]) -> bool {
        self.matches_event_itself(event) && self.matches_its_deliveries(deliveries)
    }

    /// The part of [`matches_event`](Self::matches_event) that needs no deliveries.
    pub fn matches_event_itself(&self, event: &EventFacts<'_>) -> bool {
        self.terms.iter().all(|term| match event_decider(&term.condition) {
            Decider::Event => of_event(&term.condition, event) != term.negated,
            Decider::Neither => term.negated,
            Decider::Time | Decider::Delivery => true,
        })
    }

    /// The part of [`matches_event`](Self::matches_event) that needs the deliveries.
    pub fn matches_its_deliveries(&self, deliveries: &[DeliveryFacts<'_>]) -> bool {
        if !self.asks_about_deliveries() {
            return true;
        }
        let of = |negated: bool| {
            let about = |term: &&Term| event_decider(&term.condition) == Decider::Delivery;
            self.terms.iter().filter(about).filter(move |term| term.negated == negated)
        };
        let none = |term: &Term| !deliveries.iter().any(|one| of_delivery(&term.condition, one));
        let all = |one: &DeliveryFacts<'_>| of(false).all(|term| of_delivery(&term.condition, one));
        of(true).all(none) && (of(false).next().is_none() || deliveries.iter().any(all))
    }

    /// Returns true if a delivery of this event matches.
    pub fn matches_delivery(&self, delivery: &DeliveryFacts<'_>, event: &EventFacts<'_>) -> bool {
        self.matches_delivery_itself(delivery) && self.matches_its_event(event)
    }

    /// The part of [`matches_delivery`](Self::matches_delivery) that does not need the event.
    pub fn matches_delivery_itself(&self, delivery: &DeliveryFacts<'_>) -> bool {
        self.terms.iter().all(|term| match decider(&term.condition) {
            Decider::Delivery => of_delivery(&term.condition, delivery) != term.negated,
            Decider::Neither => term.negated,
            Decider::Time | Decider::Event => true,
        })
    }

    /// The part of [`matches_delivery`](Self::matches_delivery) that needs the event.
    pub fn matches_its_event(&self, event: &EventFacts<'_>) -> bool {
        let mut about = self.terms.iter().filter(|term| decider(&term.condition) == Decider::Event);
        about.all(|term| of_event(&term.condition, event) != term.negated)
    }

    /// Returns true if an exchange matches.
    pub fn matches_exchange(&self, record: &ExchangeRecord) -> bool {
        let time = |term: &Term| decider(&term.condition) == Decider::Time;
        self.terms.iter().all(|term| time(term) || of_exchange(&term.condition, record) != term.negated)
    }
}

fn is_app(name: &AppName, app: &str) -> bool {
    name.key().eq_ignore_ascii_case(app)
}

fn of_event(condition: &Condition, event: &EventFacts<'_>) -> bool {
    match condition {
        Condition::App(app) => is_app(app, event.publisher),
        Condition::Name(name) => name.matches(event.name),
        Condition::Body(test) => test.matches(event.body),
        Condition::Id(AnyId::Event(id)) | Condition::Event(id) => *id == event.id,
        Condition::Cause(AnyId::Event(id)) => event.cause == Some(*id),
        other => of_provenance(other, event.provenance),
    }
}

fn of_provenance(condition: &Condition, provenance: Provenance) -> bool {
    match condition {
        Condition::Via(via) => *via == provenance.via,
        Condition::Trace(trace) => provenance.trace.is_some_and(|parent| parent.trace() == *trace),
        Condition::Test(test) => *test == provenance.test,
        _ => false,
    }
}

fn of_delivery(condition: &Condition, delivery: &DeliveryFacts<'_>) -> bool {
    match condition {
        Condition::To(app) => is_app(app, delivery.app),
        Condition::Status(word) => *word == StatusWord::Delivery(delivery.status),
        Condition::Code(code) => code.matches(delivery.code),
        Condition::Error(part) => has_part(delivery.error, part),
        Condition::LongerThan(span) => delivery.ms.is_some_and(|ms| u128::from(ms) > span.as_millis()),
        Condition::ShorterThan(span) => delivery.ms.is_some_and(|ms| u128::from(ms) < span.as_millis()),
        Condition::Hook(hook) | Condition::Id(AnyId::Hook(hook)) => *hook == delivery.hook,
        Condition::Event(event) | Condition::Id(AnyId::Event(event)) => *event == delivery.event,
        Condition::Id(AnyId::Delivery(id)) => *id == delivery.id,
        _ => false,
    }
}

fn of_exchange(condition: &Condition, record: &ExchangeRecord) -> bool {
    let head = &record.head;
    let failure = match &record.ending {
        Some(ExchangeOutcome::Failed(failure)) => Some(failure),
        _ => None,
    };
    match condition {
        Condition::App(app) => *app == head.sender,
        Condition::To(app) => *app == head.recipient,
        Condition::Name(name) => name.matches(&head.event_type),
        Condition::Status(word) => *word == status(record),
        Condition::Code(Code::Word(word)) => {
            failure.is_some_and(|failure| failure.kind.bridge_code() == word)
        }
        Condition::Code(code) => code.matches(record.answer_status),
        Condition::Error(part) => has_part(failure.map(|failure| failure.message.as_str()), part),
        Condition::LongerThan(span) => record.ms.is_some_and(|ms| u128::from(ms) > span.as_millis()),
        Condition::ShorterThan(span) => record.ms.is_some_and(|ms| u128::from(ms) < span.as_millis()),
        Condition::Id(AnyId::Exchange(id)) => *id == head.id,
        Condition::Id(AnyId::Event(id)) | Condition::Cause(AnyId::Event(id)) => head.cause == Some(*id),
        other => of_provenance(other, head.provenance),
    }
}

const fn status(record: &ExchangeRecord) -> StatusWord {
    match record.ending {
        None => StatusWord::Running,
        Some(ExchangeOutcome::Answered(_)) => StatusWord::Answered,
        Some(ExchangeOutcome::Failed(_)) => StatusWord::Failed,
    }
}

/// Looks for a part in lower case.
fn has_part(text: Option<&str>, part: &str) -> bool {
    text.is_some_and(|text| text.to_lowercase().contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Direction, ExchangeFailure, ExchangeFailureKind, ExchangeHead};
    use crate::id::ExchangeId;
    use crate::provenance::{TraceParent, Via};
    use crate::time::Millis;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn provenance() -> Provenance {
        let trace = TraceParent::parse(&format!("00-{TRACE}-00f067aa0ba902b7-01"));
        Provenance { via: Via::Page, test: true, trace }
    }

    fn event() -> EventFacts<'static> {
        EventFacts {
            id: EventId::from_number(10),
            publisher: "Shop",
            name: "order-paid",
            body: br#"{"id": 7}"#,
            provenance: provenance(),
            cause: Some(EventId::from_number(9)),
        }
    }

    fn delivery(
        id: u64,
        app: &'static str,
        status: DeliveryStatus,
        code: Option<u16>,
    ) -> DeliveryFacts<'static> {
        DeliveryFacts {
            id: DeliveryId::from_number(id),
            event: EventId::from_number(10),
            hook: HookId::from_number(4),
            app,
            status,
            code,
            error: code.map(|_| "the receiver answered 503: Timeout"),
            ms: Some(500),
        }
    }

    #[test]
    fn events_match_by_themselves_and_by_one_of_their_deliveries() {
        let deliveries = [
            delivery(11, "mailer", DeliveryStatus::Dead, Some(503)),
            delivery(12, "Crm", DeliveryStatus::Delivered, None),
        ];
        for (query, expected) in [
            ("", true),
            ("app:shop name:ORDER-* via:page test:true body.id:7", true),
            (
                &format!("trace:{TRACE} cause:{} id:{}", EventId::from_number(9), EventId::from_number(10)),
                true,
            ),
            ("-app:shop", false),
            ("app:mailer", false),
            ("cause:exc_0000000000009", false),
            ("to:mailer status:dead code:5xx error:TIMEOUT took:>100ms", true),
            // The terms hold for two deliveries, but not for one.
            ("to:crm status:dead", false),
            ("to:crm", true),
            // No delivery may have what is negated.
            ("-status:dead", false),
            ("-status:pending", true),
            ("to:mailer -status:delivered", false),
            ("hook:hook_0000000000004 id:dlv_000000000000b", true),
            ("id:dlv_000000000000d", false),
            ("code:none", true),
            ("status:failed", false),
        ] {
            let query = Query::parse(query).unwrap();
            assert_eq!(query.matches_event(&event(), &deliveries), expected, "{query}");
        }
        assert!(!Query::parse("to:mailer").unwrap().matches_event(&event(), &[]));
        assert!(Query::parse("-to:mailer").unwrap().matches_event(&event(), &[]));
    }

    #[test]
    fn deliveries_match_by_themselves_and_by_their_event() {
        for (query, expected) in [
            ("app:shop to:mailer status:dead body.id:7 event:evt_000000000000a", true),
            ("app:shop -to:mailer", false),
            ("took:<500ms", false),
            ("took:<501ms -took:>500ms", true),
            ("id:evt_000000000000a id:dlv_000000000000b", true),
            ("-test:true", false),
        ] {
            let query = Query::parse(query).unwrap();
            let delivery = delivery(11, "mailer", DeliveryStatus::Dead, Some(503));
            assert_eq!(query.matches_delivery(&delivery, &event()), expected, "{query}");
        }
    }

    #[test]
    fn exchanges_match() {
        let failure = ExchangeFailure::new(ExchangeFailureKind::Undelivered, "the recipient answered 418");
        let record = ExchangeRecord {
            head: ExchangeHead {
                id: ExchangeId::from_number(5),
                direction: Direction::ToHost,
                sender: AppName::trusted("Shop"),
                recipient: AppName::trusted("superapp"),
                event_type: "Say Hi".to_owned(),
                at: Millis(1),
                cause: Some(EventId::from_number(9)),
                provenance: provenance(),
            },
            ending: Some(ExchangeOutcome::Failed(failure)),
            ms: Some(20),
            answer_status: Some(418),
        };
        for (query, expected) in [
            ("app:shop to:superapp name:\"say hi\" status:failed code:418 code:EVENT_DELIVERY_FAILED", true),
            ("code:UNAUTHORIZED", false),
            ("error:418 took:>10ms via:page test:true", true),
            ("status:answered", false),
            ("-status:running since:2h", true),
            ("id:exc_0000000000005 cause:evt_0000000000009", true),
        ] {
            let query = Query::parse(query).unwrap();
            assert_eq!(query.matches_exchange(&record), expected, "{query}");
        }
    }

    #[test]
    fn a_term_that_can_never_match_is_refused() {
        let check =
            |query: &str, subject| Query::parse(query).unwrap().check_for(subject).map_err(|e| e.to_string());
        for (query, subject) in [
            ("body.a:1", Subject::Exchanges),
            ("hook:hook_0000000000001", Subject::Exchanges),
            ("status:dead", Subject::Exchanges),
            ("status:failed", Subject::Events),
            ("code:UNAUTHORIZED", Subject::Deliveries),
        ] {
            let error = check(&format!("app:a {query}"), subject).unwrap_err();
            assert!(
                error.starts_with(&format!("the term `{query}`: it does not apply to {}", subject.as_str())),
                "{error}"
            );
        }
        assert_eq!(check("status:dead body.a:1 code:none", Subject::Events), Ok(()));
    }
}
