//! The port of events, deliveries and exchanges.

use super::{Disk, at_once};
use crate::ledger::Ledger;
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

/// Puts down which of these have ended by an attempt.
fn note(kept: &MemoryJournal, ledger: &Ledger, results: &[Recorded]) {
    use DeliveryStatus::{Dead, Delivered, Unanswered};
    for result in results.iter().filter(|result| result.attempt.is_some()) {
        let view = at_once(kept.delivery(result.id)).unwrap();
        if view.is_some_and(|view| matches!(view.delivery.status, Delivered | Unanswered | Dead)) {
            ledger.ends(result.id);
        }
    }
}

impl Journal for Disk {
    fn recover(&self, now: Millis) -> Wait<Recovery> {
        self.ask(move |kept, _, _| at_once(kept.recover(now)))
    }

    fn append(&self, event: NewEvent) -> Wait<Appended> {
        self.write(|kept, _| at_once(kept.append(event)))
    }

    fn record(&self, results: Vec<Recorded>) -> Wait<()> {
        self.write(move |kept, ledger| {
            at_once(kept.record(results.clone()))?;
            note(kept, ledger, &results);
            Ok(())
        })
    }

    fn conclude(&self, result: Recorded, published: Vec<NewEvent>) -> Wait<bool> {
        self.write(|kept, _| at_once(kept.conclude(result, published)))
    }

    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<Due>> {
        self.ask(move |kept, _, _| at_once(kept.due(hook, ordered, limit)))
    }

    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.write(move |kept, _| at_once(kept.cancel(hook, reason)))
    }

    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried> {
        self.write(move |kept, ledger| {
            let retried = at_once(kept.retry(id, now))?;
            if matches!(retried, Retried::Again { .. }) {
                ledger.begins_again(id);
            }
            Ok(retried)
        })
    }

    fn pick(&self, filter: DeliveryFilter, after: Option<DeliveryId>, limit: u32) -> Wait<Picked> {
        self.read(move |kept| kept.pick(filter, after, limit))
    }

    fn replay(&self, replays: Vec<Replay>, now: Millis) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.write(move |kept, _| at_once(kept.replay(replays, now)))
    }

    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
    ) -> Wait<Vec<(DeliveryId, HookId)>> {
        self.write(move |kept, ledger| {
            let again = at_once(kept.retry_many(ids, from, now))?;
            for (id, _) in &again {
                ledger.begins_again(*id);
            }
            Ok(again)
        })
    }

    fn begin_exchange(&self, head: ExchangeHead, key: Option<KeyUse>) -> Wait<Begun> {
        self.write(|kept, _| at_once(kept.begin_exchange(head, key)))
    }

    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: Ending,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyAfter,
    ) -> Wait<()> {
        self.write(move |kept, _| at_once(kept.finish_exchange(id, ending, ms, keep_answer_until, key)))
    }

    fn note_exchange(&self, record: ExchangeRecord) {
        drop(self.write(|kept, _| {
            kept.note_exchange(record);
            Ok(())
        }));
    }

    fn event(&self, id: EventId) -> Wait<Option<EventView>> {
        match self.look() {
            Ok(()) => self.read(move |kept| kept.event(id)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn lineage(&self, id: EventId, app: AppName) -> Wait<Option<Lineage>> {
        self.read(move |kept| kept.lineage(id, app))
    }

    fn backlogs(&self) -> Wait<Vec<(AppName, Backlog)>> {
        self.read(MemoryJournal::backlogs)
    }

    fn events_of(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<Since> {
        self.read(move |kept| kept.events_of(app, generation, after, limit))
    }

    fn events(&self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>> {
        self.read(move |kept| kept.events(filter, page))
    }

    fn delivery(&self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.read(move |kept| kept.delivery(id))
    }

    fn deliveries(&self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>> {
        self.read(move |kept| kept.deliveries(filter, page))
    }

    fn exchange(&self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.read(move |kept| kept.exchange(id))
    }

    fn exchanges(&self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>> {
        self.read(move |kept| kept.exchanges(filter, page))
    }

    fn retain(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool> {
        self.write(move |kept, _| at_once(kept.retain(ended_before, dead_before, now)))
    }

    fn account(&self) -> Account {
        self.kept.account()
    }

    fn left_out(&self) -> u64 {
        self.kept.left_out()
    }

    fn stopped(&self) -> Wait<String> {
        self.kept.stopped()
    }

    fn close(&self) -> Wait<()> {
        self.ask(|kept, _, _| at_once(kept.close()))
    }
}
