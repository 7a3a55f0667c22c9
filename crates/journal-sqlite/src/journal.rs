//! The port of events, deliveries and exchanges: which thread does what.

use crate::exchanges::Finish;
use crate::prune::Limits;
use crate::reader::Reader;
use crate::status::Status;
use crate::writer::{Queue, Writer};
use crate::{deliveries, events, exchanges, lineage, missed, prune, recover, retry};
use footbridge_journal::{
    Account, Appended, Backlog, DeliveryFilter, DeliveryResult, DeliveryView, EventFilter, EventView,
    ExchangeFilter, ExchangeStart, FoundDeliveries, IdempotencyKey, Journal, JournalHealth, KeyDisposition,
    MissedEvents, NewEvent, Page, PendingDelivery, Recovery, Replay, Retried, Wait,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::Connection;
use std::sync::Arc;

/// About what a row costs beside the sender's bytes.
const ROW: usize = 128;

/// The journal on an SQLite file. Dropping it writes what was asked for and waits for that.
#[derive(Debug)]
pub struct SqliteJournal {
    pub(crate) writer: Writer,
    pub(crate) queue: Arc<Queue>,
    /// Reads by id: quick, so that no list may stand before them.
    pub(crate) points: Arc<Reader>,
    /// Lists and counts, which may take their time.
    pub(crate) lists: Arc<Reader>,
    pub(crate) status: Arc<Status>,
    /// When the database was last used before it was opened.
    pub(crate) seen: Option<Millis>,
}

impl SqliteJournal {
    /// The time of day when the database was last used before it was opened, if it was.
    pub const fn last_used(&self) -> Option<Millis> {
        self.seen
    }

    fn read<T, F>(&self, reader: &Reader, read: F) -> Wait<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> crate::fault::Step<T> + Send + 'static,
    {
        match self.queue.refusal() {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => reader.ask(read),
        }
    }
}

impl Journal for SqliteJournal {
    fn recover(&self, now: Millis) -> Wait<Recovery> {
        self.writer.ask(ROW, move |txn| recover::recover(txn, now))
    }

    fn append(&self, event: NewEvent) -> Wait<Appended> {
        let weight = event.event.body.len() + ROW * (1 + event.deliveries.len());
        self.writer.ask_room(weight, move |txn| events::append(txn, &event))
    }

    fn record(&self, results: Vec<DeliveryResult>) -> Wait<()> {
        self.writer.ask(2 * ROW * results.len(), move |txn| deliveries::record(txn, &results))
    }

    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<bool> {
        let weight = |new: &NewEvent| new.event.body.len() + ROW * (1 + new.deliveries.len());
        let weight = 2 * ROW + published.iter().map(weight).sum::<usize>();
        if published.is_empty() {
            return self.writer.ask(weight, move |txn| deliveries::record_and_append(txn, &result, &[]));
        }
        self.writer.ask_room(weight, move |txn| deliveries::record_and_append(txn, &result, &published))
    }

    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>> {
        self.writer.ask(0, move |txn| deliveries::due(txn, hook, ordered, limit))
    }

    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.writer.ask(ROW, move |txn| deliveries::cancel(txn, hook, reason))
    }

    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried> {
        self.writer.ask(ROW, move |txn| retry::one(txn, id, now))
    }

    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries> {
        self.read(&self.lists, move |conn| retry::find_deliveries(conn, &filter, after, limit))
    }

    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.writer.ask(ROW * ids.len(), move |txn| retry::many(txn, &ids, from, now))
    }

    fn replay(&self, replays: Vec<Replay>, now: Millis) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.writer.ask(2 * ROW * replays.len(), move |txn| retry::replay(txn, &replays, now))
    }

    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart> {
        self.writer.ask_room(2 * ROW, move |txn| exchanges::begin(txn, &head, key.as_ref()))
    }

    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyDisposition,
    ) -> Wait<()> {
        let answer = match &ending {
            ExchangeOutcome::Answered(answer) => answer.len(),
            ExchangeOutcome::Failed(_) => 0,
        };
        let finish = Finish { id, ending, ms, keep_answer_until, key };
        self.writer.ask(2 * ROW + answer, move |txn| exchanges::finish(txn, &finish))
    }

    fn record_exchange(&self, record: ExchangeRecord) {
        self.queue.note(record);
    }

    fn event(&self, id: EventId) -> Wait<Option<EventView>> {
        self.read(&self.points, move |conn| events::one(conn, id))
    }

    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>> {
        self.read(&self.points, move |conn| lineage::of(conn, id, &app))
    }

    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>> {
        self.read(&self.lists, lineage::backlogs)
    }

    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents> {
        self.read(&self.lists, move |conn| missed::missed_events(conn, &app, generation, after, limit))
    }

    fn events(&self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>> {
        self.read(&self.lists, move |conn| events::list(conn, &filter, page))
    }

    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.read(&self.points, move |conn| deliveries::one(conn, id))
    }

    fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>> {
        self.read(&self.lists, move |conn| deliveries::list(conn, &filter, page))
    }

    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.read(&self.points, move |conn| exchanges::one(conn, id))
    }

    fn exchanges(&self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>> {
        self.read(&self.lists, move |conn| exchanges::list(conn, &filter, page))
    }

    fn prune(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool> {
        let limits = Limits { ended_before, dead_before, now };
        self.writer.ask(1 << 20, move |txn| prune::prune(txn, limits))
    }

    fn account(&self) -> Account {
        self.writer.account()
    }

    fn health(&self) -> JournalHealth {
        self.status.health()
    }

    fn dropped_records(&self) -> u64 {
        self.queue.dropped()
    }

    fn stopped(&self) -> Wait<String> {
        let mut watch = self.queue.watch();
        Box::pin(async move {
            match watch.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
                Ok(Some(reason)) => Ok(reason),
                // Closed and dropped: it will never stop by itself any more.
                _ => std::future::pending().await,
            }
        })
    }

    fn close(&self) -> Wait<()> {
        let answer = self.queue.close();
        let queue = self.queue.clone();
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(queue.why())) })
    }
}
