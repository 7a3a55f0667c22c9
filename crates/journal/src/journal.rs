//! The port that keeps events, deliveries and exchanges.

use crate::{Account, JournalHealth, Wait};
use footbridge_model::delivery::{Attempt, Delivery, DeliveryStatus};
use footbridge_model::event::Event;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::hook::Hook;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use footbridge_model::time::Millis;
use std::sync::Arc;

/// An event and all its deliveries, kept in one transaction.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The event.
    pub event: Arc<Event>,
    /// One for each matching hook. Their ids follow the event's without a gap.
    pub deliveries: Vec<NewDelivery>,
    /// One for each hook that matches but takes nothing, with the reason: cancelled from the beginning, so that it
    /// can be retried. Their ids follow those of `deliveries`.
    pub skipped: Vec<(NewDelivery, &'static str)>,
    /// The `Idempotency-Key` it was published under.
    pub key: Option<IdempotencyKey>,
}

/// A delivery that begins, due at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which hook.
    pub hook_id: HookId,
}

impl NewDelivery {
    /// What its first attempt has to know.
    #[must_use]
    pub fn due(&self, event: &Event) -> PendingDelivery {
        PendingDelivery { id: self.id, event_id: event.id, attempts: 0, attempts_base: 0, at: event.time }
    }
}

/// One use of an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Within what the key is unique: the sender and the endpoint, in the form that
    /// [`KeyScopes`](crate::KeyScopes) tells.
    pub scope: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
    /// From when on it may be used afresh.
    pub until: Millis,
}

/// What a publisher is told of an accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The event's id.
    pub id: EventId,
    /// When it was accepted.
    pub time: Millis,
    /// How many hooks it goes to.
    pub deliveries: u32,
}

/// What became of [`Journal::append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// Kept.
    Stored,
    /// The same key and request were kept before; nothing was kept now.
    Replay(Accepted),
    /// The key was used with another request; nothing was kept.
    Mismatch,
}

/// A pending delivery with what an attempt needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// What is delivered.
    pub event_id: EventId,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many were made before it was last retried by hand: the schedule starts anew from there.
    pub attempts_base: u32,
    /// When the next is due.
    pub at: Millis,
}

/// The result of an attempt, or an end without one.
#[derive(Debug, Clone)]
pub struct DeliveryResult {
    /// Which delivery.
    pub id: DeliveryId,
    /// The attempt, if one was made.
    pub attempt: Option<Attempt>,
    /// Where it stands now.
    pub status: DeliveryStatus,
    /// When the next attempt is due; only with [`DeliveryStatus::Pending`].
    pub next_attempt_at: Option<Millis>,
    /// Why it ended, when the attempt does not say so itself.
    pub reason: Option<String>,
}

/// What was put in order when the journal was opened by a new server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The highest number any id has, so that new ones lie above it.
    pub highest_id: u64,
    /// Hooks with pending deliveries, and when their first is due.
    pub waiting: Vec<(HookId, Millis)>,
    /// How many transient hooks ended with the server that made them.
    pub ended_hooks: u64,
    /// The first of those that apps had made.
    pub ended: Vec<EndedHook>,
    /// Exchanges that ran when that server ended; their outcome is unknown.
    pub cut_off_exchanges: u64,
}

/// A transient hook that ended with its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedHook {
    /// Whose it was.
    pub app: AppName,
    /// What it listened for.
    pub pattern: Pattern,
}

/// What became of [`Journal::start_exchange`].
#[derive(Debug, Clone)]
pub enum ExchangeStart {
    /// Kept as running: send it.
    Started,
    /// The same key and request run already.
    Running(ExchangeId),
    /// The same key and request ended before, like this.
    Replay(Box<ExchangeRecord>),
    /// The key was used with another request.
    Mismatch,
}

/// What becomes of the key of an exchange that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDisposition {
    /// It repeats this ending from now on.
    Replays,
    /// Nothing was sent: the key is free, as if it had never been used.
    Released,
}

/// What became of a retry by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// Pending again.
    Pending {
        /// Which delivery.
        due: PendingDelivery,
        /// To which hook.
        hook_id: HookId,
    },
    /// It is not in a state that can be retried.
    NotRetryable(DeliveryStatus),
}

/// Which part of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only ids with a number below this.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only of this publisher.
    pub publisher: Option<AppName>,
    /// Only of this name.
    pub name: Option<String>,
}

/// Which deliveries.
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
    /// Only those whose receiver answered this HTTP status last.
    pub code: Option<u16>,
    /// Only those made at or after this time, as their ids tell it.
    pub since: Option<Millis>,
    /// Only those made before this time, as their ids tell it.
    pub until: Option<Millis>,
}

/// What a look through the deliveries found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundDeliveries {
    /// Those that the filter picks, in the order of ids.
    pub ids: Vec<DeliveryId>,
    /// After which id the next look begins; `None` when all were looked at.
    pub more_after: Option<DeliveryId>,
}

/// A delivery that is made anew from one that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// The one that has ended.
    pub of: DeliveryId,
    /// The id of the new one.
    pub id: DeliveryId,
}

/// Which exchanges.
#[derive(Debug, Clone, Default)]
pub struct ExchangeFilter {
    /// Only those this app sends or answers.
    pub app: Option<AppName>,
    /// Only failed (`Some(true)`) or only answered ones (`Some(false)`).
    pub failed: Option<bool>,
}

/// What an app's hooks got since some event.
#[derive(Debug, Clone, Default)]
pub struct MissedEvents {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Whether there are more than were asked for: they come after the last of these.
    pub more: bool,
    /// Whether there may be others that cannot be had: some are no longer kept, or there are too many to look at.
    pub gap: bool,
}

/// What is pending of the events of one app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries.
    pub deliveries: u64,
    /// The bodies of their events, in bytes.
    pub bytes: u64,
}

/// An event and how many hooks it went to.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event.
    pub event: Event,
    /// How many deliveries it has.
    pub deliveries: u32,
}

/// A delivery with its hook, which may be gone by now.
#[derive(Debug, Clone)]
pub struct DeliveryView {
    /// The delivery.
    pub delivery: Delivery,
    /// Its hook.
    pub hook: Hook,
    /// Its attempts; only where one delivery is asked for, else empty.
    pub attempts: Vec<Attempt>,
}

/// Keeps events, deliveries and exchanges.
pub trait Journal: Send + Sync {
    /// Puts in order what a server left that is no longer there: ends its transient hooks (pending
    /// deliveries become cancelled with `hook gone`), fails its running exchanges (outcome unknown),
    /// cancels pending deliveries to hooks that are not kept. Called once, before anything else.
    fn recover(&self, now: Millis) -> Wait<Recovery>;

    /// Keeps an event and its deliveries.
    fn append(&self, event: NewEvent) -> Wait<Appended>;

    /// Keeps what attempts came to. A delivery that is no longer pending stays as it is.
    fn record(&self, results: Vec<DeliveryResult>) -> Wait<()>;

    /// Keeps what an attempt came to together with the events that it published; gives whether they
    /// were kept. When the delivery is no longer pending nothing is kept.
    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<bool>;

    /// The pending deliveries of a hook that are due first, at most `limit`, in the order of
    /// `(due, id)`, or for an `ordered` hook in the order of ids.
    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>>;

    /// Cancels all pending deliveries of a hook, giving how many.
    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64>;

    /// Makes one delivery due `now`, while its hook is kept: a dead or cancelled one becomes pending
    /// again, its schedule anew; a pending one stays so, and its schedule goes on.
    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried>;

    /// Looks for deliveries that `filter` picks and whose hook is kept: at most `limit`, in the order of
    /// ids, those above `after`, in a bounded look at the journal.
    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries>;

    /// Does what [`Journal::retry`] does with each of these that still stands at `from`, giving those with
    /// their hooks.
    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
    ) -> Wait<Vec<(DeliveryId, HookId)>>;

    /// Makes new deliveries, due `now`, of the same event to the same hook; they count as accepted. Left
    /// out are those of deliveries that have not ended, whose event is no longer kept or whose hook is not.
    /// Gives those that were made, with their hooks. They go when their event goes.
    fn replay(&self, replays: Vec<Replay>, now: Millis) -> Wait<Vec<(DeliveryId, HookId)>>;

    /// Keeps an exchange as running, unless its key says otherwise.
    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart>;

    /// Keeps how a begun exchange ended, the answer included, until `keep_answer_until`.
    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyDisposition,
    ) -> Wait<()>;

    /// Keeps an ended exchange soon, without the answer: written with whatever is written next, at
    /// the latest after 250 ms. Never waits; under overload it may be left out and counted instead.
    fn record_exchange(&self, record: ExchangeRecord);

    /// One event.
    fn event(&self, id: EventId) -> Wait<Option<EventView>>;

    /// The lineage of an event that this app published, or that a hook of its got.
    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>>;

    /// What is pending, by the app that published it.
    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>>;

    /// The events after `after` that hooks of this app got, oldest first: at most `limit`, found in a
    /// bounded look at the journal. Nothing from before its `generation` is among them: that went to an
    /// app that had its name before.
    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents>;

    /// Events, newest first.
    fn events(&self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>>;

    /// One delivery with its attempts.
    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>>;

    /// Deliveries, newest first.
    fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>>;

    /// One exchange, with its answer while that is kept.
    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>>;

    /// Exchanges, newest first, without answers.
    fn exchanges(&self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>>;

    /// Deletes what is older than its time, a bounded portion at each call; gives whether there is more.
    fn prune(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool>;

    /// The account after the last commit.
    fn account(&self) -> Account;

    /// How the journal is doing.
    fn health(&self) -> JournalHealth {
        JournalHealth::default()
    }

    /// How many exchanges [`Self::record_exchange`] has left out since the start.
    fn dropped_records(&self) -> u64;

    /// Resolves with the reason when the journal has stopped by itself.
    fn stopped(&self) -> Wait<String>;

    /// Writes what was asked for so far and stops taking more.
    fn close(&self) -> Wait<()>;
}
