//! The ports of events, deliveries and exchanges.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::state::State;
use crate::{
    Account, Appended, Backlog, CancelOnly, CancelledOne, Claim, DeliveryFilter, DeliveryQueue,
    DeliveryResult, DeliveryView, Effect, EventFilter, EventLog, EventView, ExchangeEnd, ExchangeFilter,
    ExchangeLog, ExchangeStart, Found, FoundDeliveries, History, HookBacklog, IdempotencyKey, Journal,
    MissedEvents, NewEvent, Page, Partition, PendingDelivery, PruneLimits, Recorded, Replay, Retention,
    Retried, Search, StatusCounts, Wait,
};
use footbridge_model::audit::AuditEntry;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeHead, ExchangeRecord};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

impl Page {
    pub(super) fn shows(self, id: u64) -> bool {
        self.before.is_none_or(|before| id < before)
    }

    pub(super) fn size(self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

impl EventLog for MemoryJournal {
    fn append(&self, event: NewEvent) -> Wait<Appended> {
        self.call(CallKind::Append, move |state, _| state.append(event))
    }
}

impl DeliveryQueue for MemoryJournal {
    fn waiting(&self, claims: Vec<Claim>) -> Wait<Vec<HookId>> {
        self.call(CallKind::Waiting, move |state, session| state.waiting(session, &claims))
    }

    fn due(&self, claim: Claim, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>> {
        self.call(CallKind::Due, move |state, session| {
            state.check_claim(session, claim)?;
            Ok(state.due(hook, ordered, limit))
        })
    }

    fn record(&self, results: Vec<DeliveryResult>) -> Wait<Vec<Partition>> {
        self.call(CallKind::Record, move |state, session| state.record(session, results))
    }

    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<Recorded> {
        self.call(CallKind::RecordAndAppend, move |state, session| {
            state.record_and_append(session, result, published)
        })
    }

    fn cancel(&self, claim: Claim, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.call(CallKind::Cancel, move |state, session| {
            state.check_claim(session, claim)?;
            state.cancel(hook, reason)
        })
    }

    fn cancel_one(
        &self,
        id: DeliveryId,
        only: CancelOnly,
        reason: String,
        audit: Vec<AuditEntry>,
    ) -> Wait<CancelledOne> {
        self.call(CallKind::Cancel, move |state, _| {
            let cancelled = state.cancel_one(id, only, reason)?;
            if matches!(cancelled, CancelledOne::Cancelled(_)) {
                state.add_audit(audit);
            }
            Ok(cancelled)
        })
    }

    fn retry(&self, id: DeliveryId, now: Millis, audit: Vec<AuditEntry>) -> Wait<Retried> {
        self.call(CallKind::Retry, move |state, _| {
            let retried = state.retry(id, now)?;
            if matches!(retried, Retried::Pending { .. }) {
                state.add_audit(audit);
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
        self.call(CallKind::Retry, move |state, _| {
            let retried = state.retry_many(&ids, from, now)?;
            Ok(audited(state, retried, audit))
        })
    }

    fn replay(
        &self,
        replays: Vec<Replay>,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.call(CallKind::Replay, move |state, _| {
            let made = state.replay(&replays, now)?;
            Ok(audited(state, made, audit))
        })
    }

    fn pending_estimate(&self) -> u64 {
        self.account_now().pending
    }
}

/// Stores entries if the call has changed something.
fn audited<T>(state: &mut State, changed: Vec<T>, audit: Vec<AuditEntry>) -> Vec<T> {
    if !changed.is_empty() {
        state.add_audit(audit);
    }
    changed
}

impl ExchangeLog for MemoryJournal {
    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart> {
        self.call(CallKind::StartExchange, move |state, session| Ok(state.start_exchange(session, head, key)))
    }

    fn finish_exchange(&self, end: ExchangeEnd) -> Wait<()> {
        self.call(CallKind::FinishExchange, move |state, session| state.finish_exchange(session, end))
    }

    fn record_exchange(&self, record: ExchangeRecord) {
        drop(self.call(CallKind::RecordExchange, move |state, session| {
            state.record_exchange(session, record);
            Ok(())
        }));
    }

    fn dropped_records(&self) -> u64 {
        0
    }
}

impl Retention for MemoryJournal {
    fn prune(&self, claim: Claim, limits: PruneLimits) -> Wait<bool> {
        self.call(CallKind::Prune, move |state, session| {
            state.check_claim(session, claim)?;
            state.prune(limits);
            Ok(false)
        })
    }
}

impl Journal for MemoryJournal {
    fn stopped(&self) -> Wait<String> {
        self.when_stopped()
    }

    fn close(&self) -> Wait<()> {
        self.call(CallKind::Close, |_, _| Ok(()))
    }
}

impl History for MemoryJournal {
    fn event(&self, id: EventId) -> Wait<Option<EventView>> {
        self.call(CallKind::ReadEvent, move |state, _| Ok(state.events.get(&id).cloned()))
    }

    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>> {
        self.call(CallKind::Read, move |state, _| {
            let Some(view) = state.events.get(&id) else { return Ok(None) };
            let mut rows = state.deliveries.values().filter(|row| row.delivery.event_id == id);
            let got = rows
                .any(|row| state.hooks.get(&row.delivery.hook_id).is_some_and(|kept| kept.hook.app == app));
            Ok((view.event.publisher == app || got).then_some(view.event.lineage))
        })
    }

    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>> {
        self.call(CallKind::Read, move |state, _| {
            let (mut backlogs, mut seen) = (BTreeMap::<AppName, Backlog>::new(), BTreeSet::new());
            let pending = state.deliveries.values().map(|row| &row.delivery);
            for row in pending.filter(|row| row.status == DeliveryStatus::Pending) {
                let Some(view) = state.events.get(&row.event_id) else { continue };
                let backlog = backlogs.entry(view.event.publisher.clone()).or_default();
                backlog.deliveries += 1;
                if seen.insert(row.event_id) {
                    backlog.bytes += view.event.body.len() as u64;
                }
            }
            Ok(backlogs.into_iter().collect())
        })
    }

    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries> {
        self.call(CallKind::Read, move |state, _| Ok(state.find_deliveries(&filter, after, limit)))
    }

    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents> {
        self.call(CallKind::Read, move |state, _| Ok(state.missed_events(&app, generation, after, limit)))
    }

    fn statuses(&self, event: EventId) -> Wait<StatusCounts> {
        self.call(CallKind::Read, move |state, _| Ok(state.statuses(event)))
    }

    fn search_events(&self, filter: EventFilter, search: Search) -> Wait<Found<EventView>> {
        self.call(CallKind::Read, move |state, _| Ok(state.search_events(&filter, &search)))
    }

    fn search_deliveries(&self, filter: DeliveryFilter, search: Search) -> Wait<Found<DeliveryView>> {
        self.call(CallKind::Read, move |state, _| Ok(state.search_deliveries(&filter, &search)))
    }

    fn search_exchanges(&self, filter: ExchangeFilter, search: Search) -> Wait<Found<ExchangeRecord>> {
        self.call(CallKind::Read, move |state, _| Ok(state.search_exchanges(&filter, &search)))
    }

    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.call(CallKind::Read, move |state, _| {
            let Some(row) = state.deliveries.get(&id) else { return Ok(None) };
            Ok(state.view(row).map(|view| DeliveryView { attempts: row.attempts.clone(), ..view }))
        })
    }

    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.call(CallKind::Read, move |state, _| {
            Ok(state.exchanges.get(&id).map(|exchange| exchange.record.clone()))
        })
    }

    fn effects(&self, event: EventId, limit: u32) -> Wait<Vec<Effect>> {
        self.call(CallKind::Read, move |state, _| Ok(state.effects(event, limit as usize)))
    }

    fn hook_backlogs(&self, hooks: Vec<HookId>) -> Wait<Vec<HookBacklog>> {
        self.call(CallKind::Read, move |state, _| Ok(hooks.into_iter().map(|id| state.backlog(id)).collect()))
    }

    fn account(&self) -> Wait<Account> {
        self.call(CallKind::Read, |state, _| Ok(state.account))
    }
}
