//! The ports of events, deliveries and exchanges: which thread does what.

use crate::failure::CommandResult;
use crate::reader::Reader;
use crate::status::Status;
use crate::txn::Txn;
use crate::writer::{Queue, Writer};
use crate::{
    attention, audit, backlog, deliveries, effects, events, exchanges, join, lineage, missed, prune, retry,
    search, traffic,
};
use footbridge_journal::{
    Account, Appended, AuditFilter, AuditLog, Backlog, CancelOnly, CancelledOne, Claim, DeadDeliveries,
    DeliveryFilter, DeliveryQueue, DeliveryResult, DeliveryView, Effect, EventFilter, EventLog, EventView,
    ExchangeEnd, ExchangeFilter, ExchangeLog, ExchangeStart, Found, FoundAudit, FoundDeliveries, History,
    HookBacklog, IdempotencyKey, Journal, JournalHealth, MissedEvents, NewEvent, Page, Partition,
    PendingDelivery, PruneLimits, Recorded, Replay, Retention, Retried, Search, Statistics, StatusCounts,
    Traffic, TrafficQuery, Wait, WaitingDeliveries,
};
use footbridge_model::audit::AuditEntry;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use footbridge_model::traffic::Edge;
use rusqlite::Connection;
use std::sync::Arc;

/// The bytes that a row costs beside the sender's bytes, roughly.
const ROW: usize = 128;

/// The journal in an SQLite file. Dropping it writes everything that was requested, and waits for that.
#[derive(Debug)]
pub struct SqliteJournal {
    pub(crate) writer: Writer,
    pub(crate) queue: Arc<Queue>,
    /// Reads by id. They are quick, so no list may delay them.
    pub(crate) points: Arc<Reader>,
    /// Counts and what pages missed, which may take longer.
    pub(crate) lists: Arc<Reader>,
    /// Searches of operators, which no page waits for.
    pub(crate) searches: Arc<Reader>,
    pub(crate) status: Arc<Status>,
    /// When the database was last used before it was opened.
    pub(crate) seen: Option<Millis>,
}

impl SqliteJournal {
    /// Returns the time of day when the database was last used before it was opened, if it was.
    pub const fn last_used(&self) -> Option<Millis> {
        self.seen
    }

    pub(crate) fn read<T, F>(&self, reader: &Reader, read: F) -> Wait<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> CommandResult<T> + Send + 'static,
    {
        match self.queue.refusal() {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => reader.ask(read),
        }
    }
}

impl EventLog for SqliteJournal {
    fn append(&self, event: NewEvent) -> Wait<Appended> {
        let weight = event.event.body.len() + ROW * (1 + event.deliveries.len());
        self.writer.ask_room(weight, move |txn| events::append(txn, &event))
    }
}

impl DeliveryQueue for SqliteJournal {
    fn waiting(&self, claims: Vec<Claim>) -> Wait<Vec<HookId>> {
        self.writer.ask(ROW, move |txn| {
            claims.iter().try_for_each(|claim| txn.check(*claim))?;
            join::waiting(txn)
        })
    }

    fn due(&self, claim: Claim, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>> {
        self.writer.ask(0, move |txn| {
            txn.check(claim)?;
            deliveries::due(txn, hook, ordered, limit)
        })
    }

    fn record(&self, results: Vec<DeliveryResult>) -> Wait<Vec<Partition>> {
        self.writer.ask(2 * ROW * results.len(), move |txn| deliveries::record(txn, &results))
    }

    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<Recorded> {
        let weight = |new: &NewEvent| new.event.body.len() + ROW * (1 + new.deliveries.len());
        let weight = 2 * ROW + published.iter().map(weight).sum::<usize>();
        if published.is_empty() {
            return self.writer.ask(weight, move |txn| deliveries::record_and_append(txn, &result, &[]));
        }
        self.writer.ask_room(weight, move |txn| deliveries::record_and_append(txn, &result, &published))
    }

    fn cancel(&self, claim: Claim, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.writer.ask(ROW, move |txn| {
            txn.check(claim)?;
            deliveries::cancel(txn, hook, reason)
        })
    }

    fn cancel_one(
        &self,
        id: DeliveryId,
        only: CancelOnly,
        reason: String,
        audit: Vec<AuditEntry>,
    ) -> Wait<CancelledOne> {
        self.writer.ask(ROW + audit::ENTRY * audit.len(), move |txn| {
            let cancelled = backlog::cancel_one(txn, id, only, &reason)?;
            if matches!(cancelled, CancelledOne::Cancelled(_)) {
                audit::insert(txn, &audit)?;
            }
            Ok(cancelled)
        })
    }

    fn retry(&self, id: DeliveryId, now: Millis, audit: Vec<AuditEntry>) -> Wait<Retried> {
        self.writer.ask(ROW + audit::ENTRY * audit.len(), move |txn| {
            let retried = retry::one(txn, id, now)?;
            if matches!(retried, Retried::Pending { .. }) {
                audit::insert(txn, &audit)?;
            }
            Ok(retried)
        })
    }

    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.writer.ask(ROW * ids.len() + audit::ENTRY * audit.len(), move |txn| {
            let retried = retry::many(txn, &ids, from, now)?;
            audited(txn, retried, &audit)
        })
    }

    fn replay(
        &self,
        replays: Vec<Replay>,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.writer.ask(2 * ROW * replays.len() + audit::ENTRY * audit.len(), move |txn| {
            let made = retry::replay(txn, &replays, now)?;
            audited(txn, made, &audit)
        })
    }

    fn pending_estimate(&self) -> u64 {
        self.writer.account().pending
    }
}

/// Stores entries of the audit log if the call has changed something.
fn audited<T>(txn: &Txn<'_>, changed: Vec<T>, audit: &[AuditEntry]) -> CommandResult<Vec<T>> {
    if !changed.is_empty() {
        audit::insert(txn, audit)?;
    }
    Ok(changed)
}

impl ExchangeLog for SqliteJournal {
    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart> {
        self.writer.ask_room(2 * ROW, move |txn| exchanges::start(txn, &head, key.as_ref()))
    }

    fn finish_exchange(&self, end: ExchangeEnd) -> Wait<()> {
        let answer = match &end.ending {
            ExchangeOutcome::Answered(answer) => answer.len(),
            ExchangeOutcome::Failed(_) => 0,
        };
        self.writer.ask(2 * ROW + answer, move |txn| exchanges::finish(txn, &end))
    }

    fn record_exchange(&self, record: ExchangeRecord) {
        self.queue.push_record(record);
    }

    fn dropped_records(&self) -> u64 {
        self.queue.dropped()
    }
}

impl History for SqliteJournal {
    fn event(&self, id: EventId) -> Wait<Option<EventView>> {
        self.read(&self.points, move |conn| events::one(conn, id))
    }

    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>> {
        self.read(&self.points, move |conn| lineage::of(conn, id, &app))
    }

    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>> {
        self.read(&self.lists, lineage::backlogs)
    }

    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries> {
        self.read(&self.lists, move |conn| retry::find_deliveries(conn, &filter, after, limit))
    }

    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents> {
        self.read(&self.lists, move |conn| missed::missed_events(conn, &app, generation, after, limit))
    }

    fn statuses(&self, event: EventId) -> Wait<StatusCounts> {
        self.read(&self.points, move |conn| search::statuses(conn, event))
    }

    fn search_events(&self, filter: EventFilter, step: Search) -> Wait<Found<EventView>> {
        self.read(&self.searches, move |conn| search::events(conn, &filter, &step))
    }

    fn search_deliveries(&self, filter: DeliveryFilter, step: Search) -> Wait<Found<DeliveryView>> {
        self.read(&self.searches, move |conn| search::deliveries(conn, &filter, &step))
    }

    fn search_exchanges(&self, filter: ExchangeFilter, step: Search) -> Wait<Found<ExchangeRecord>> {
        self.read(&self.searches, move |conn| search::exchanges(conn, &filter, &step))
    }

    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.read(&self.points, move |conn| deliveries::one(conn, id))
    }

    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.read(&self.points, move |conn| exchanges::one(conn, id))
    }

    fn effects(&self, event: EventId, limit: u32) -> Wait<Vec<Effect>> {
        self.read(&self.points, move |conn| effects::of(conn, event, limit))
    }

    fn hook_backlogs(&self, hooks: Vec<HookId>) -> Wait<Vec<HookBacklog>> {
        self.read(&self.lists, move |conn| hooks.into_iter().map(|hook| backlog::of(conn, hook)).collect())
    }

    fn account(&self) -> Wait<Account> {
        Box::pin(std::future::ready(Ok(self.writer.account())))
    }
}

impl Statistics for SqliteJournal {
    fn add_traffic(&self, minutes: Vec<Traffic>) -> Wait<()> {
        self.writer.ask_room(2 * ROW * minutes.len(), move |txn| traffic::add(txn, &minutes))
    }

    fn traffic(&self, query: TrafficQuery) -> Wait<Option<Vec<Traffic>>> {
        self.read(&self.lists, move |conn| traffic::sum(conn, query))
    }

    fn traffic_edges(&self) -> Wait<Vec<(Edge, Millis)>> {
        self.read(&self.lists, traffic::edges)
    }

    fn dead_deliveries(&self, limit: u32) -> Wait<Vec<DeadDeliveries>> {
        self.read(&self.lists, move |conn| attention::dead(conn, limit))
    }

    fn waiting_deliveries(&self, after: Option<HookId>, limit: u32) -> Wait<Vec<WaitingDeliveries>> {
        self.read(&self.lists, move |conn| attention::waiting(conn, after, limit))
    }
}

impl Retention for SqliteJournal {
    fn prune(&self, claim: Claim, limits: PruneLimits) -> Wait<bool> {
        self.writer.ask(1 << 20, move |txn| {
            txn.check(claim)?;
            prune::prune(txn, limits)
        })
    }
}

impl Journal for SqliteJournal {
    fn health(&self) -> JournalHealth {
        self.status.health()
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

impl AuditLog for SqliteJournal {
    fn audit(&self, entries: Vec<AuditEntry>) -> Wait<()> {
        self.writer.ask(audit::ENTRY * entries.len(), move |txn| audit::insert(txn, &entries))
    }

    fn audit_entries(&self, filter: AuditFilter, page: Page) -> Wait<FoundAudit> {
        self.read(&self.lists, move |conn| audit::find(conn, &filter, page))
    }
}
