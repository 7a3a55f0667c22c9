//! The port of events, deliveries and exchanges.

use super::{Disk, at_once};
use crate::ledger::Ledger;
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

/// Puts down which of these have ended by an attempt.
fn note(kept: &MemoryJournal, ledger: &Ledger, results: &[DeliveryResult]) {
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

    fn record(&self, results: Vec<DeliveryResult>) -> Wait<()> {
        self.write(move |kept, ledger| {
            at_once(kept.record(results.clone()))?;
            note(kept, ledger, &results);
            Ok(())
        })
    }

    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<bool> {
        self.write(|kept, _| at_once(kept.record_and_append(result, published)))
    }

    fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>> {
        self.ask(move |kept, _, _| at_once(kept.due(hook, ordered, limit)))
    }

    fn cancel(&self, hook: HookId, reason: &'static str) -> Wait<u64> {
        self.write(move |kept, _| at_once(kept.cancel(hook, reason)))
    }

    fn retry(&self, id: DeliveryId, now: Millis) -> Wait<Retried> {
        self.write(move |kept, ledger| {
            let retried = at_once(kept.retry(id, now))?;
            if matches!(retried, Retried::Pending { .. }) {
                ledger.begins_again(id);
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
        self.read(move |kept| kept.find_deliveries(filter, after, limit))
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

    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart> {
        self.write(|kept, _| at_once(kept.start_exchange(head, key)))
    }

    fn finish_exchange(
        &self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyDisposition,
    ) -> Wait<()> {
        self.write(move |kept, _| at_once(kept.finish_exchange(id, ending, ms, keep_answer_until, key)))
    }

    fn record_exchange(&self, record: ExchangeRecord) {
        drop(self.write(|kept, _| {
            kept.record_exchange(record);
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

    fn missed_events(&self, app: AppName, generation: u64, after: EventId, limit: u32) -> Wait<MissedEvents> {
        self.read(move |kept| kept.missed_events(app, generation, after, limit))
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

    fn prune(&self, ended_before: Millis, dead_before: Millis, now: Millis) -> Wait<bool> {
        self.write(move |kept, _| at_once(kept.prune(ended_before, dead_before, now)))
    }

    fn account(&self) -> Account {
        self.kept.account()
    }

    fn dropped_records(&self) -> u64 {
        self.kept.dropped_records()
    }

    fn stopped(&self) -> Wait<String> {
        self.kept.stopped()
    }

    fn close(&self) -> Wait<()> {
        self.ask(|kept, _, _| at_once(kept.close()))
    }
}
