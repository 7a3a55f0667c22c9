//! The port of events, deliveries and exchanges.

use super::MemoryJournal;
use super::exchanges::without_answer;
use super::state::State;
use crate::{
    Account, Appended, Backlog, DeliveryFilter, DeliveryResult, DeliveryView, EventFilter, EventView,
    ExchangeFilter, ExchangeStart, FoundDeliveries, IdempotencyKey, Journal, JournalError, KeyDisposition,
    MissedEvents, NewEvent, Page, PendingDelivery, Recovery, Replay, Retried, Wait,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

impl Page {
    fn shows(self, id: u64) -> bool {
        self.before.is_none_or(|before| id < before)
    }

    fn size(self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

impl Journal for MemoryJournal {
    fn recover(&self, now: Millis) -> Wait<Recovery> {
        self.act(|state| state.recover(now))
    }

    fn append(&self, event: NewEvent) -> Wait<Appended> {
        let refusal = self.lock().refusal.clone();
        self.act(|state| refusal.map_or_else(|| state.append(event), Err))
    }

    fn record(&self, results: Vec<DeliveryResult>) -> Wait<()> {
        self.act(|state| state.record(results))
    }

    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<bool> {
        self.act(|state| {
            if !state.is_pending(result.id) {
                return Ok(false);
            }
            let mut next = state.clone();
            next.record(vec![result])?;
            for new in published {
                next.append(new)?;
            }
            *state = next;
            Ok(true)
        })
    }

    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>> {
        self.act(|state| Ok(state.due(hook, ordered, limit)))
    }

    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.act(|state| state.cancel(hook, reason))
    }

    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried> {
        self.act(|state| state.retry(id, now))
    }

    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries> {
        self.act(|state| Ok(state.find_deliveries(&filter, after, limit)))
    }

    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.act(|state| state.retry_many(&ids, from, now))
    }

    fn replay(&self, replays: Vec<Replay>, now: Millis) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.act(|state| state.replay(&replays, now))
    }

    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart> {
        self.act(|state| Ok(state.begin(head, key)))
    }

    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyDisposition,
    ) -> Wait<()> {
        self.act(|state| state.finish(id, ending, ms, keep_answer_until, key))
    }

    fn record_exchange(&self, record: ExchangeRecord) {
        drop(self.act(|state| {
            state.note(record);
            Ok(())
        }));
    }

    fn event(&self, id: EventId) -> Wait<Option<EventView>> {
        self.act(|state| Ok(state.events.get(&id).cloned()))
    }

    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>> {
        self.act(move |state| {
            let Some(view) = state.events.get(&id) else { return Ok(None) };
            let mut rows = state.deliveries.values().filter(|row| row.delivery.event_id == id);
            let got = rows
                .any(|row| state.hooks.get(&row.delivery.hook_id).is_some_and(|kept| kept.hook.app == app));
            Ok((view.event.publisher == app || got).then_some(view.event.lineage))
        })
    }

    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>> {
        self.act(|state| {
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

    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents> {
        self.act(|state| Ok(state.missed_events(&app, generation, after, limit)))
    }

    fn events(&self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>> {
        self.act(|state| {
            let picked = state.events.values().rev().filter(|view| {
                page.shows(view.event.id.number())
                    && filter.publisher.as_ref().is_none_or(|publisher| view.event.publisher == *publisher)
                    && filter.name.as_deref().is_none_or(|name| view.event.name.as_str() == name)
            });
            Ok(picked.take(page.size()).cloned().collect())
        })
    }

    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.act(|state| {
            let Some(row) = state.deliveries.get(&id) else { return Ok(None) };
            Ok(state.view(row).map(|view| DeliveryView { attempts: row.attempts.clone(), ..view }))
        })
    }

    fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>> {
        self.act(|state| {
            let rows = state.deliveries.values().rev();
            let picked = rows.filter(|row| page.shows(row.delivery.id.number()) && state.picks(&filter, row));
            Ok(picked.filter_map(|row| state.view(row)).take(page.size()).collect())
        })
    }

    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.act(|state| Ok(state.exchanges.get(&id).map(|exchange| exchange.record.clone())))
    }

    fn exchanges(&self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>> {
        self.act(|state| {
            let records = state.exchanges.values().rev().map(|exchange| &exchange.record);
            let shown = |record: &&ExchangeRecord| page.shows(record.head.id.number());
            let picked = records.filter(shown).filter(|record| State::picks_exchange(&filter, record));
            Ok(picked.take(page.size()).cloned().map(without_answer).collect())
        })
    }

    fn prune(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool> {
        self.act(|state| {
            state.prune(ended_before, dead_before, now);
            Ok(false)
        })
    }

    fn account(&self) -> Account {
        self.lock().state.account
    }

    fn dropped_records(&self) -> u64 {
        0
    }

    fn stopped(&self) -> Wait<String> {
        self.when_stopped()
    }

    fn close(&self) -> Wait<()> {
        let mut shared = self.lock();
        shared.closed = true;
        let result = shared.stopped.clone().map_or(Ok(()), |reason| Err(JournalError::Stopped(reason)));
        Box::pin(std::future::ready(result))
    }
}
