//! Retention of a store in memory.

use super::exchanges::without_answer;
use super::mutant::Mutant;
use super::state::{State, Target};
use crate::PruneLimits;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::EventId;
use footbridge_model::time::Millis;

impl State {
    /// Deletes all that is too old at once.
    pub(super) fn prune(&mut self, limits: PruneLimits) {
        let PruneLimits { ended_before, dead_before, audit_before, now } = limits;
        if self.breaks(Mutant::PrunesNothing) {
            return;
        }
        let stays = |id: EventId, time: Millis| {
            let mut rows = self.deliveries.values().filter(|row| row.delivery.event_id == id);
            let holds = |status| match status {
                DeliveryStatus::Pending => !self.breaks(Mutant::PrunesPending),
                DeliveryStatus::Dead => time >= dead_before,
                _ => false,
            };
            time >= ended_before || rows.any(|row| holds(row.delivery.status))
        };
        let events = self.events.values().map(|view| &view.event);
        let gone: Vec<_> =
            events.filter(|event| !stays(event.id, event.time)).map(|event| event.id).collect();
        for event in gone {
            self.events.remove(&event);
            self.deliveries.retain(|_, row| row.delivery.event_id != event);
        }
        self.keys.retain(|_, kept| now < kept.used.until);
        self.retain_exchanges(ended_before, now);
        self.prune_traffic(now);
        self.prune_audit(audit_before);
        self.prune_jobs(ended_before);
        let deliveries = &self.deliveries;
        let named = |hook| deliveries.values().any(|row| row.delivery.hook_id == hook);
        self.hooks.retain(|id, kept| !kept.deleted || named(*id));
    }

    fn retain_exchanges(&mut self, ended_before: Millis, now: Millis) {
        for exchange in self.exchanges.values_mut() {
            if exchange.keep_answer_until.is_some_and(|until| until <= now) {
                exchange.keep_answer_until = None;
                exchange.record = without_answer(exchange.record.clone());
            }
        }
        let old = |at: Millis| at < ended_before;
        self.exchanges.retain(|_, kept| {
            !old(kept.record.head.at) || kept.record.ending.is_none() || kept.keep_answer_until.is_some()
        });
        let exchanges = &self.exchanges;
        self.keys.retain(|_, kept| match &kept.target {
            Target::Event(_) => true,
            Target::Exchange(id) => exchanges.contains_key(id),
        });
    }
}
