//! The effects of events, the backlogs of hooks, and the end of single deliveries by hand.

use super::state::State;
use crate::{CancelOnly, CancelledOne, DeliveryView, Effect, EffectKind, HookBacklog, JournalError};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId, HookId};

impl State {
    fn oldest_pending(&self, hook: HookId) -> Option<DeliveryId> {
        self.waiting_for(hook).map(|(_, id)| id).min()
    }

    pub(super) fn cancel_one(
        &mut self,
        id: DeliveryId,
        only: CancelOnly,
        reason: String,
    ) -> Result<CancelledOne, JournalError> {
        let delivery = &self.deliveries.get(&id).ok_or(JournalError::NotFound("delivery"))?.delivery;
        let (status, hook) = (delivery.status, delivery.hook_id);
        if status != DeliveryStatus::Pending {
            return Ok(CancelledOne::Ended(status));
        }
        match self.oldest_pending(hook) {
            Some(head) if only == CancelOnly::Head && head != id => Ok(CancelledOne::NotTheHead(head)),
            _ => {
                self.change(id, DeliveryStatus::Cancelled, None)?.delivery.last_error = Some(reason);
                Ok(CancelledOne::Cancelled(hook))
            }
        }
    }

    pub(super) fn effects(&self, cause: EventId, limit: usize) -> Vec<Effect> {
        let events = self.events.values().map(|view| &view.event);
        let caused = events.filter(|event| event.lineage.cause == Some(cause)).take(limit);
        let events = caused.map(|event| Effect {
            kind: EffectKind::Event,
            number: event.id.number(),
            name: event.name.to_string(),
            app: event.publisher.clone(),
            at: event.time,
        });
        let heads = self.exchanges.values().map(|exchange| &exchange.record.head);
        let caused = heads.filter(|head| head.cause == Some(cause)).take(limit);
        let exchanges = caused.map(|head| Effect {
            kind: EffectKind::Exchange,
            number: head.id.number(),
            name: head.event_type.clone(),
            app: head.sender.clone(),
            at: head.at,
        });
        let mut effects: Vec<_> = events.chain(exchanges).collect();
        effects.sort_by_key(|effect| effect.number);
        effects
    }

    pub(super) fn backlog(&self, hook: HookId) -> HookBacklog {
        let row = self.oldest_pending(hook).and_then(|id| self.deliveries.get(&id));
        let head = row.and_then(|row| {
            self.view(row).map(|view| DeliveryView { attempts: row.attempts.clone(), ..view })
        });
        HookBacklog { hook, pending: self.waiting_for(hook).count() as u64, head }
    }
}
