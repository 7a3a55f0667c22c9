//! The port that only reads: what lists, single views and pages show.

use crate::{Account, Found, Search, Wait};
use footbridge_model::delivery::{Attempt, Delivery, DeliveryStatus};
use footbridge_model::event::Event;
use footbridge_model::exchange::{ExchangeOutcome, ExchangeRecord};
use footbridge_model::hook::Hook;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId, nth};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::query::{DeliveryFacts, EventFacts};
use footbridge_model::time::Millis;

/// A page of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only ids with a number below this.
    pub before: Option<u64>,
    /// The largest number of entries.
    pub limit: u32,
}

/// Selects events. All that is set must match.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only of this publisher.
    pub publisher: Option<AppName>,
    /// Only of this name.
    pub name: Option<String>,
}

impl EventFilter {
    /// Returns true if the event matches.
    pub fn picks(&self, event: &EventFacts<'_>) -> bool {
        self.publisher.as_ref().is_none_or(|app| app.key().eq_ignore_ascii_case(event.publisher))
            && self.name.as_deref().is_none_or(|name| name == event.name)
    }
}

/// Selects deliveries. All that is set must match.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only of this event.
    pub event: Option<EventId>,
    /// Only to hooks of this app.
    pub app: Option<AppName>,
    /// Only to this hook.
    pub hook: Option<HookId>,
    /// Only with this status.
    pub status: Option<DeliveryStatus>,
    /// Only of events of this name.
    pub name: Option<String>,
    /// Only if the receiver's last answer had this HTTP status.
    pub code: Option<u16>,
    /// Only if made at or after this time, by the time in the id.
    pub since: Option<Millis>,
    /// Only if made before this time, by the time in the id.
    pub until: Option<Millis>,
}

impl DeliveryFilter {
    /// Returns true if the delivery matches. The name of its event and the times are left out.
    pub fn picks(&self, delivery: &DeliveryFacts<'_>) -> bool {
        self.event.is_none_or(|event| event == delivery.event)
            && self.app.as_ref().is_none_or(|app| app.key().eq_ignore_ascii_case(delivery.app))
            && self.hook.is_none_or(|hook| hook == delivery.hook)
            && self.status.is_none_or(|status| status == delivery.status)
            && self.code.is_none_or(|code| delivery.code == Some(code))
    }
}

/// Selects exchanges. All that is set must match.
#[derive(Debug, Clone, Default)]
pub struct ExchangeFilter {
    /// Only those this app sends or answers.
    pub app: Option<AppName>,
    /// Only failed (`Some(true)`) or only answered ones (`Some(false)`).
    pub failed: Option<bool>,
}

impl ExchangeFilter {
    /// Returns true if the exchange matches.
    pub fn picks(&self, record: &ExchangeRecord) -> bool {
        let head = &record.head;
        let wanted = |failed| match &record.ending {
            None => false,
            Some(ExchangeOutcome::Failed(_)) => failed,
            Some(ExchangeOutcome::Answered(_)) => !failed,
        };
        self.app.as_ref().is_none_or(|app| head.sender == *app || head.recipient == *app)
            && self.failed.is_none_or(wanted)
    }
}

/// The outcome of [`History::find_deliveries`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundDeliveries {
    /// The deliveries that match, in the order of ids.
    pub ids: Vec<DeliveryId>,
    /// Continue after this id; `None` when there are no more.
    pub more_after: Option<DeliveryId>,
}

/// The events that an app's hooks got after some event.
#[derive(Debug, Clone)]
pub struct MissedEvents {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// True if there are more than the limit: they follow the last of these.
    pub more: bool,
    /// True if others may be missing: deleted by retention, or too many to search.
    pub gap: bool,
    /// High watermark of the cluster when this was read: no other session adds an event below it. The highest possible
    /// id in an exclusive store.
    pub horizon: EventId,
}

/// The pending deliveries of the events of one app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The number of pending deliveries.
    pub deliveries: u64,
    /// Sum of the bodies of their events, in bytes.
    pub bytes: u64,
}

/// How many deliveries of an event have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts([u32; DeliveryStatus::ALL.len()]);

impl StatusCounts {
    /// Counts one more delivery of this status.
    pub fn add(&mut self, status: DeliveryStatus) {
        let counts = self.0.iter_mut().zip(DeliveryStatus::ALL);
        counts.filter(|(_, known)| *known == status).for_each(|(count, _)| *count += 1);
    }

    /// The statuses that some delivery has, and how many have it.
    pub fn present(&self) -> impl Iterator<Item = (DeliveryStatus, u32)> {
        DeliveryStatus::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

/// An event with the number of its deliveries.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event as it was published. In lists it may be without its body.
    pub event: Event,
    /// How many deliveries it was published with.
    pub deliveries: u32,
    /// The statuses of its deliveries, replays included. Only in searches.
    pub statuses: StatusCounts,
}

impl EventView {
    /// The event as somebody sees it who sees only these of its deliveries, each with its status.
    #[must_use]
    pub fn limited_to(self, seen: impl Iterator<Item = (DeliveryId, DeliveryStatus)>) -> Self {
        // The deliveries that an event was published with have the ids behind its own.
        let last = nth(self.event.id.number(), self.deliveries.into());
        let (mut deliveries, mut statuses) = (0, StatusCounts::default());
        for (id, status) in seen {
            deliveries += u32::from(id.number() <= last);
            statuses.add(status);
        }
        Self { deliveries, statuses, ..self }
    }
}

/// The part of an event that a list of deliveries shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredEvent {
    /// The name under which it was published.
    pub name: EventName,
    /// The app that published it.
    pub publisher: AppName,
    /// True if it is a test.
    pub test: bool,
}

/// The deliveries of one hook that are pending.
#[derive(Debug, Clone)]
pub struct HookBacklog {
    /// The hook that they go to.
    pub hook: HookId,
    /// The number of its pending deliveries.
    pub pending: u64,
    /// The oldest of them with its attempts.
    pub head: Option<DeliveryView>,
}

/// The kind of an [`Effect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// An event was published.
    Event,
    /// An exchange was sent.
    Exchange,
}

impl EffectKind {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Exchange => "exchange",
        }
    }
}

/// An event or an exchange that an event has caused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// An event or an exchange.
    pub kind: EffectKind,
    /// The number of its id.
    pub number: u64,
    /// The name of the event, or the type of the exchange.
    pub name: String,
    /// Who published or sent it.
    pub app: AppName,
    /// When it was published or sent.
    pub at: Millis,
}

impl Effect {
    /// The id of the event or exchange as text.
    pub fn id(&self) -> String {
        match self.kind {
            EffectKind::Event => EventId::from_number(self.number).text(),
            EffectKind::Exchange => ExchangeId::from_number(self.number).text(),
        }
    }
}

/// A delivery with its hook.
#[derive(Debug, Clone)]
pub struct DeliveryView {
    /// The delivery with its status.
    pub delivery: Delivery,
    /// The delivery's hook, which may be deleted.
    pub hook: Hook,
    /// The event, if it is still stored.
    pub event: Option<DeliveredEvent>,
    /// How long the last attempt took, in milliseconds, if that is known.
    pub last_ms: Option<u32>,
    /// The attempts, oldest first. Empty in lists.
    pub attempts: Vec<Attempt>,
}

/// Reads events, deliveries and exchanges. Sees at least what was committed before the call.
pub trait History: Send + Sync {
    /// Returns the event with this id.
    fn event(&self, id: EventId) -> Wait<Option<EventView>>;

    /// Returns the lineage of an event if this app published it or one of its hooks got it.
    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>>;

    /// Returns what is pending for each app that published it.
    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>>;

    /// Returns the events after `after` that hooks of this app got, oldest first, at most `limit`. Searches a bounded
    /// part of the journal. Events from before `generation` went to an earlier app of the same name and are left out.
    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents>;

    /// Returns the statuses of an event's deliveries, replays included.
    fn statuses(&self, event: EventId) -> Wait<StatusCounts>;

    /// Makes one step of a search of events.
    fn search_events(&self, filter: EventFilter, search: Search) -> Wait<Found<EventView>>;

    /// Makes one step of a search of deliveries.
    fn search_deliveries(&self, filter: DeliveryFilter, search: Search) -> Wait<Found<DeliveryView>>;

    /// Makes one step of a search of exchanges. They come without their answers.
    fn search_exchanges(&self, filter: ExchangeFilter, search: Search) -> Wait<Found<ExchangeRecord>>;

    /// Returns events, newest first.
    fn events(&self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>> {
        rows(self.search_events(filter, Search::all(page.before, page.limit)))
    }

    /// Returns one delivery with its attempts.
    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>>;

    /// Returns deliveries, newest first.
    fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>> {
        rows(self.search_deliveries(filter, Search::all(page.before, page.limit)))
    }

    /// Returns deliveries that match `filter` and whose hook is not deleted: at most `limit`, in the order of ids, above
    /// `after`. Searches a bounded part of the journal.
    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries>;

    /// Returns one exchange, with its answer while that is stored.
    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>>;

    /// Returns exchanges, newest first, without answers.
    fn exchanges(&self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>> {
        rows(self.search_exchanges(filter, Search::all(page.before, page.limit)))
    }

    /// Returns the events and exchanges that an event has caused directly, oldest first, at most `limit` of each kind.
    fn effects(&self, event: EventId, limit: u32) -> Wait<Vec<Effect>>;

    /// Returns what is pending for each of these hooks, in their order.
    fn hook_backlogs(&self, hooks: Vec<HookId>) -> Wait<Vec<HookBacklog>>;

    /// Returns the account as of some commit after the call.
    fn account(&self) -> Wait<Account>;
}

/// The rows of a search that is not limited.
fn rows<T: Send + 'static>(found: Wait<Found<T>>) -> Wait<Vec<T>> {
    Box::pin(async move { Ok(found.await?.rows) })
}
