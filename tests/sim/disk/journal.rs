//! The journal port of the simulated disk.

use super::{Disk, ready_now};
use crate::history::History;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{
    Account, Appended, Backlog, DeliveryFilter, DeliveryResult, DeliveryView, EventFilter, EventView,
    ExchangeFilter, ExchangeStart, FoundDeliveries, IdempotencyKey, Journal, KeyDisposition, MissedEvents,
    NewEvent, Page, PendingDelivery, Recovery, Replay, Retried, Wait,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// Records which deliveries have a final attempt.
fn note(stored: &MemoryJournal, history: &History, results: &[DeliveryResult]) {
    use DeliveryStatus::{Dead, Delivered, Unanswered};
    for result in results.iter().filter(|result| result.attempt.is_some()) {
        let view = ready_now(stored.delivery(result.id)).unwrap();
        if view.is_some_and(|view| matches!(view.delivery.status, Delivered | Unanswered | Dead)) {
            history.record_end(result.id);
        }
    }
}

/// All stored events and deliveries at one moment.
struct StoredEvents {
    events: Vec<EventView>,
    deliveries: Vec<DeliveryView>,
}

impl StoredEvents {
    fn of(stored: &MemoryJournal) -> Self {
        let all = Page { before: None, limit: u32::MAX };
        let listed = ready_now(stored.deliveries(DeliveryFilter::default(), all)).unwrap();
        let view = |listed: DeliveryView| ready_now(stored.delivery(listed.delivery.id)).unwrap();
        Self {
            events: ready_now(stored.events(EventFilter::default(), all)).unwrap(),
            deliveries: listed.into_iter().filter_map(view).collect(),
        }
    }

    /// Records what is no longer stored.
    fn record_missing(self, stored: &MemoryJournal, history: &History) {
        let is_gone = |view: &EventView| ready_now(stored.event(view.event.id)).unwrap().is_none();
        let events = self.events.into_iter().filter(is_gone).collect();
        let is_gone = |view: &DeliveryView| ready_now(stored.delivery(view.delivery.id)).unwrap().is_none();
        history.record_pruned(events, self.deliveries.into_iter().filter(is_gone).collect());
    }
}

impl Journal for Disk {
    fn recover(&self, now: Millis) -> Wait<Recovery> {
        self.ask(move |stored, _, _| ready_now(stored.recover(now)))
    }

    fn append(&self, event: NewEvent) -> Wait<Appended> {
        self.write(|stored, _| ready_now(stored.append(event)))
    }

    fn record(&self, results: Vec<DeliveryResult>) -> Wait<()> {
        self.write(move |stored, history| {
            ready_now(stored.record(results.clone()))?;
            note(stored, history, &results);
            Ok(())
        })
    }

    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<bool> {
        self.write(|stored, _| ready_now(stored.record_and_append(result, published)))
    }

    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>> {
        self.ask(move |stored, _, _| ready_now(stored.due(hook, ordered, limit)))
    }

    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.write(move |stored, _| ready_now(stored.cancel(hook, reason)))
    }

    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried> {
        self.write(move |stored, history| {
            let retried = ready_now(stored.retry(id, now))?;
            if matches!(retried, Retried::Pending { .. }) {
                history.record_retry(id);
            }
            Ok(retried)
        })
    }

    fn find_deliveries(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Wait<FoundDeliveries> {
        self.read(move |stored| stored.find_deliveries(filter, after, limit))
    }

    fn replay(&self, replays: Vec<Replay>, now: Millis) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.write(move |stored, _| ready_now(stored.replay(replays, now)))
    }

    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.write(move |stored, history| {
            let again = ready_now(stored.retry_many(ids, from, now))?;
            for (id, _) in &again {
                history.record_retry(*id);
            }
            Ok(again)
        })
    }

    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart> {
        self.write(|stored, _| ready_now(stored.start_exchange(head, key)))
    }

    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyDisposition,
    ) -> Wait<()> {
        self.write(move |stored, _| ready_now(stored.finish_exchange(id, ending, ms, keep_answer_until, key)))
    }

    fn record_exchange(&self, record: ExchangeRecord) {
        drop(self.write(|stored, _| {
            stored.record_exchange(record);
            Ok(())
        }));
    }

    fn event(&self, id: EventId) -> Wait<Option<EventView>> {
        match self.look() {
            Ok(()) => self.read(move |stored| stored.event(id)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>> {
        self.read(move |stored| stored.lineage(id, app))
    }

    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>> {
        self.read(MemoryJournal::backlogs)
    }

    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents> {
        self.read(move |stored| stored.missed_events(app, generation, after, limit))
    }

    fn events(&self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>> {
        self.read(move |stored| stored.events(filter, page))
    }

    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.read(move |stored| stored.delivery(id))
    }

    fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>> {
        self.read(move |stored| stored.deliveries(filter, page))
    }

    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.read(move |stored| stored.exchange(id))
    }

    fn exchanges(&self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>> {
        self.read(move |stored| stored.exchanges(filter, page))
    }

    fn prune(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool> {
        self.write(move |stored, history| {
            let before = StoredEvents::of(stored);
            let more = ready_now(stored.prune(ended_before, dead_before, now))?;
            before.record_missing(stored, history);
            Ok(more)
        })
    }

    fn account(&self) -> Account {
        self.stored.account()
    }

    fn dropped_records(&self) -> u64 {
        self.stored.dropped_records()
    }

    fn stopped(&self) -> Wait<String> {
        self.stored.stopped()
    }

    fn close(&self) -> Wait<()> {
        self.ask(|stored, _, _| ready_now(stored.close()))
    }
}
