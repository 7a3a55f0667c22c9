//! The journal port of the simulated disk.

use super::{Disk, ready_now};
use crate::history::History;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{
    Account, Appended, Backlog, Begun, DeliveryFilter, DeliveryView, Due, EventFilter, EventView,
    ExchangeFilter, Journal, KeyAfter, KeyUse, NewEvent, Page, Picked, Recorded, Recovery, Replay, Retried,
    Since, Wait,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::{Ending, ExchangeHead, ExchangeRecord};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// Records which deliveries have a final attempt.
fn note(stored: &MemoryJournal, history: &History, results: &[Recorded]) {
    use DeliveryStatus::{Dead, Delivered, Unanswered};
    for result in results.iter().filter(|result| result.attempt.is_some()) {
        let view = ready_now(stored.delivery(result.id)).unwrap();
        if view.is_some_and(|view| matches!(view.delivery.status, Delivered | Unanswered | Dead)) {
            history.record_end(result.id);
        }
    }
}

impl Journal for Disk {
    fn recover(&self, now: Millis) -> Wait<Recovery> {
        self.ask(move |stored, _, _| ready_now(stored.recover(now)))
    }

    fn append(&self, event: NewEvent) -> Wait<Appended> {
        self.write(|stored, _| ready_now(stored.append(event)))
    }

    fn record(&self, results: Vec<Recorded>) -> Wait<()> {
        self.write(move |stored, history| {
            ready_now(stored.record(results.clone()))?;
            note(stored, history, &results);
            Ok(())
        })
    }

    fn conclude(&self, result: Recorded, published: Vec<NewEvent>) -> Wait<bool> {
        self.write(|stored, _| ready_now(stored.conclude(result, published)))
    }

    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<Due>> {
        self.ask(move |stored, _, _| ready_now(stored.due(hook, ordered, limit)))
    }

    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.write(move |stored, _| ready_now(stored.cancel(hook, reason)))
    }

    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried> {
        self.write(move |stored, history| {
            let retried = ready_now(stored.retry(id, now))?;
            if matches!(retried, Retried::Again { .. }) {
                history.record_retry(id);
            }
            Ok(retried)
        })
    }

    fn pick(&self, filter: DeliveryFilter, after: Option<DeliveryId>, limit: u32) -> Wait<Picked> {
        self.read(move |stored| stored.pick(filter, after, limit))
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

    fn begin_exchange(&self, head: ExchangeHead, key: Option<KeyUse>) -> Wait<Begun> {
        self.write(|stored, _| ready_now(stored.begin_exchange(head, key)))
    }

    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: Ending,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyAfter,
    ) -> Wait<()> {
        self.write(move |stored, _| ready_now(stored.finish_exchange(id, ending, ms, keep_answer_until, key)))
    }

    fn note_exchange(&self, record: ExchangeRecord) {
        drop(self.write(|stored, _| {
            stored.note_exchange(record);
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

    fn events_of(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<Since> {
        self.read(move |stored| stored.events_of(app, generation, after, limit))
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

    fn retain(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool> {
        self.write(move |stored, _| ready_now(stored.retain(ended_before, dead_before, now)))
    }

    fn account(&self) -> Account {
        self.stored.account()
    }

    fn left_out(&self) -> u64 {
        self.stored.left_out()
    }

    fn stopped(&self) -> Wait<String> {
        self.stored.stopped()
    }

    fn close(&self) -> Wait<()> {
        self.ask(|stored, _, _| ready_now(stored.close()))
    }
}
