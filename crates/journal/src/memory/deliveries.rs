//! Events and deliveries.

use super::state::{KeptHook, Row, State, Target};
use crate::{
    Accepted, Appended, DeliveryFilter, DeliveryResult, DeliveryView, EventView, FoundDeliveries,
    JournalError, MissedEvents, NewEvent, PendingDelivery, Replay, Retried,
};
use footbridge_model::delivery::{Delivery, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId, HookId, number_at};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::BTreeSet;

impl State {
    pub(super) fn missed_events(
        &self,
        app: &AppName,
        generation: u64,
        after: EventId,
        limit: u32,
    ) -> MissedEvents {
        let floor = after.max(EventId::from_number(generation));
        let its = |row: &&Row| {
            let hook = self.hooks.get(&row.delivery.hook_id);
            let of_app =
                |kept: &KeptHook| kept.hook.app == *app && (!kept.gone || kept.hook.id.number() > generation);
            row.delivery.event_id > floor && hook.is_some_and(of_app)
        };
        let ids: BTreeSet<EventId> =
            self.deliveries.values().filter(its).map(|row| row.delivery.event_id).collect();
        let oldest = self.events.keys().next();
        let gap = oldest.is_none_or(|oldest| after < *oldest);
        let more = ids.len() > limit as usize;
        let events = ids.iter().filter_map(|id| Some(self.events.get(id)?.event.clone()));
        MissedEvents { events: events.take(limit as usize).collect(), more, gap }
    }

    pub(super) fn append(&mut self, new: NewEvent) -> Result<Appended, JournalError> {
        let event = &new.event;
        if let Some(used) = &new.key {
            match self.key(used, event.time) {
                None => {}
                Some(Some(Target::Event(accepted))) => return Ok(Appended::Replay(accepted)),
                Some(_) => return Ok(Appended::Mismatch),
            }
        }
        let taken = new.deliveries.iter().any(|delivery| self.deliveries.contains_key(&delivery.id));
        if taken || self.events.contains_key(&event.id) {
            return Err(JournalError::Conflict("the id is already in use"));
        }
        for delivery in &new.deliveries {
            self.begin_delivery(delivery.id, event.id, delivery.hook_id, event.time);
        }
        for (delivery, reason) in &new.skipped {
            self.begin_delivery(delivery.id, event.id, delivery.hook_id, event.time);
            self.account.pending += 1;
            self.change(delivery.id, DeliveryStatus::Cancelled, None)?.delivery.last_error =
                Some((*reason).to_owned());
        }
        let deliveries = u32::try_from(new.deliveries.len()).unwrap_or(u32::MAX);
        let skipped = u32::try_from(new.skipped.len()).unwrap_or(u32::MAX);
        self.account.accepted += u64::from(deliveries) + u64::from(skipped);
        self.account.pending += u64::from(deliveries);
        self.saw(event.id.number());
        let accepted = Accepted { id: event.id, time: event.time, deliveries };
        let all = deliveries.saturating_add(skipped);
        self.events.insert(event.id, EventView { event: (**event).clone(), deliveries: all });
        if let Some(used) = new.key {
            self.keep_key(used, Target::Event(accepted));
        }
        Ok(Appended::Stored)
    }

    fn begin_delivery(&mut self, id: DeliveryId, event_id: EventId, hook_id: HookId, due: Millis) {
        let row = Delivery {
            id,
            event_id,
            hook_id,
            status: DeliveryStatus::Pending,
            attempts: 0,
            next_attempt_at: Some(due),
            last_status: None,
            last_error: None,
        };
        self.pending.insert((hook_id, due, id));
        self.deliveries.insert(id, Row { delivery: row, attempts: Vec::new(), base: 0 });
        self.saw(id.number());
    }

    pub(super) fn is_pending(&self, id: DeliveryId) -> bool {
        self.deliveries.get(&id).is_some_and(|row| row.delivery.status == DeliveryStatus::Pending)
    }

    pub(super) fn record(&mut self, results: Vec<DeliveryResult>) -> Result<(), JournalError> {
        for result in results {
            if !self.is_pending(result.id) {
                continue;
            }
            let row = self.change(result.id, result.status, result.next_attempt_at)?;
            match result.attempt {
                None => row.delivery.last_error = result.reason.or_else(|| row.delivery.last_error.take()),
                Some(attempt) => {
                    row.delivery.attempts = attempt.n;
                    row.delivery.last_status = attempt.status.or(row.delivery.last_status);
                    row.delivery.last_error = result.reason.or_else(|| attempt.error.clone());
                    row.attempts.push(attempt);
                }
            }
        }
        Ok(())
    }

    pub(super) fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Vec<PendingDelivery> {
        let mut waiting: Vec<_> = self.waiting_for(hook).collect();
        if ordered {
            waiting.sort_by_key(|(_, id)| *id);
        }
        waiting.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        waiting.into_iter().filter_map(|(_, id)| self.deliveries.get(&id).and_then(Row::due)).collect()
    }

    pub(super) fn retry(&mut self, id: DeliveryId, now: Millis) -> Result<Retried, JournalError> {
        let row = self.deliveries.get(&id).ok_or(JournalError::NotFound("delivery"))?;
        let (status, hook_id) = (row.delivery.status, row.delivery.hook_id);
        if matches!(status, DeliveryStatus::Delivered | DeliveryStatus::Unanswered) || !self.is_kept(hook_id)
        {
            return Ok(Retried::NotRetryable(status));
        }
        let row = self.change(id, DeliveryStatus::Pending, Some(now))?;
        if status != DeliveryStatus::Pending {
            row.base = row.delivery.attempts;
        }
        let due = row.due().ok_or(JournalError::NotFound("delivery"))?;
        Ok(Retried::Pending { due, hook_id })
    }

    pub(super) fn find_deliveries(
        &self,
        filter: &DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> FoundDeliveries {
        let kept = |row: &&Row| self.is_kept(row.delivery.hook_id);
        let beyond = |row: &&Row| Some(row.delivery.id) > after;
        let rows = self.deliveries.values().filter(beyond).filter(kept).filter(|row| self.picks(filter, row));
        let mut ids: Vec<_> = rows.map(|row| row.delivery.id).collect();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = ids.len() > most;
        ids.truncate(most);
        FoundDeliveries { more_after: ids.last().copied().filter(|_| more), ids }
    }

    pub(super) fn retry_many(
        &mut self,
        ids: &[DeliveryId],
        from: DeliveryStatus,
        now: Millis,
    ) -> Result<Vec<(DeliveryId, HookId)>, JournalError> {
        let mut again = Vec::new();
        for id in ids {
            if self.deliveries.get(id).is_none_or(|row| row.delivery.status != from) {
                continue;
            }
            if let Retried::Pending { hook_id, .. } = self.retry(*id, now)? {
                again.push((*id, hook_id));
            }
        }
        Ok(again)
    }

    pub(super) fn replay(
        &mut self,
        replays: &[Replay],
        now: Millis,
    ) -> Result<Vec<(DeliveryId, HookId)>, JournalError> {
        let mut made = Vec::new();
        for replay in replays {
            let Some(old) = self.deliveries.get(&replay.of).map(|row| &row.delivery) else { continue };
            let (event_id, hook_id) = (old.event_id, old.hook_id);
            let ended = old.status != DeliveryStatus::Pending;
            if !ended || !self.is_kept(hook_id) || !self.events.contains_key(&event_id) {
                continue;
            }
            if self.deliveries.contains_key(&replay.id) {
                return Err(JournalError::Conflict("the id is already in use"));
            }
            self.begin_delivery(replay.id, event_id, hook_id, now);
            self.account.accepted += 1;
            self.account.pending += 1;
            made.push((replay.id, hook_id));
        }
        Ok(made)
    }

    pub(super) fn picks(&self, filter: &DeliveryFilter, row: &Row) -> bool {
        let delivery = &row.delivery;
        let of_app = |app| self.hooks.get(&delivery.hook_id).is_some_and(|kept| kept.hook.app == app);
        let named = |name: &str| {
            self.events.get(&delivery.event_id).is_some_and(|kept| kept.event.name.as_str() == name)
        };
        let number = delivery.id.number();
        filter.event.is_none_or(|event| delivery.event_id == event)
            && filter.name.as_deref().is_none_or(named)
            && filter.code.is_none_or(|code| delivery.last_status == Some(code))
            && filter.since.is_none_or(|since| number >= number_at(since))
            && filter.until.is_none_or(|until| number < number_at(until))
            && filter.hook.is_none_or(|hook| delivery.hook_id == hook)
            && filter.status.is_none_or(|status| delivery.status == status)
            && filter.app.clone().is_none_or(of_app)
    }

    pub(super) fn view(&self, row: &Row) -> Option<DeliveryView> {
        let hook = self.hooks.get(&row.delivery.hook_id)?.hook.clone();
        Some(DeliveryView { delivery: row.delivery.clone(), hook, attempts: Vec::new() })
    }
}

impl Row {
    fn due(&self) -> Option<PendingDelivery> {
        Some(PendingDelivery {
            id: self.delivery.id,
            event_id: self.delivery.event_id,
            attempts: self.delivery.attempts,
            attempts_base: self.base,
            at: self.delivery.next_attempt_at?,
        })
    }
}
