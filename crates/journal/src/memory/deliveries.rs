//! Events and deliveries of a store in memory.

use super::mutant::Mutant;
use super::state::{Row, State, StoredHook, Target};
use crate::{
    Accepted, Appended, Claim, DeliveryFilter, DeliveryResult, EventView, FoundDeliveries, JournalError,
    MissedEvents, NewDelivery, NewEvent, Partition, PendingDelivery, Recorded, Replay, Retried, Session,
    StatusCounts,
};
use footbridge_model::delivery::{Delivery, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId, HookId, number_at};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::BTreeSet;

/// How many results wait with [`Mutant::HoldsResultsBack`] before they are stored.
const HELD_BACK: usize = 32;

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
            let of_app = |kept: &StoredHook| {
                kept.hook.app == *app && (!kept.deleted || kept.hook.id.number() > generation)
            };
            row.delivery.event_id > floor && hook.is_some_and(of_app)
        };
        let ids: BTreeSet<EventId> =
            self.deliveries.values().filter(its).map(|row| row.delivery.event_id).collect();
        let oldest = self.events.keys().next();
        let gap = oldest.is_none_or(|oldest| after < *oldest);
        let gap = gap && !self.breaks(Mutant::HidesGaps);
        let ids: BTreeSet<EventId> =
            ids.into_iter().skip(usize::from(self.breaks(Mutant::SkipsMissedEvents))).collect();
        let more = ids.len() > limit as usize;
        let events = ids.iter().filter_map(|id| Some(self.events.get(id)?.event.clone()));
        MissedEvents { events: events.take(limit as usize).collect(), more, gap, horizon: self.horizon() }
    }

    pub(super) fn append(&mut self, mut new: NewEvent) -> Result<Appended, JournalError> {
        if let Some(mutant) = self.mutant {
            mutant.spoil_event(&mut new);
        }
        let event = &new.event;
        if let Some(used) = &new.key {
            match self.key(used, event.time) {
                None => {}
                Some(Some(Target::Event(accepted))) => return Ok(Appended::Replay(accepted)),
                Some(_) => return Ok(Appended::Mismatch),
            }
        }
        if !self.exclusive && new.registry != self.version && !self.breaks(Mutant::StaleAccepted) {
            return Ok(Appended::Stale);
        }
        let taken = new.deliveries.iter().any(|delivery| self.deliveries.contains_key(&delivery.id));
        if taken || self.events.contains_key(&event.id) {
            return Err(JournalError::Conflict("the id is already in use"));
        }
        for delivery in &new.deliveries {
            self.insert_delivery(*delivery, event.id, event.time);
        }
        for (delivery, reason) in &new.skipped {
            self.insert_delivery(*delivery, event.id, event.time);
            self.account.pending += 1;
            self.change(delivery.id, DeliveryStatus::Cancelled, None)?.delivery.last_error =
                Some((*reason).to_owned());
        }
        let deliveries = u32::try_from(new.deliveries.len()).unwrap_or(u32::MAX);
        let skipped = u32::try_from(new.skipped.len()).unwrap_or(u32::MAX);
        self.account.accepted += u64::from(deliveries) + u64::from(skipped);
        self.account.pending += u64::from(deliveries);
        self.saw(event.id.number());
        self.changes.events.push(event.id);
        let accepted = Accepted { id: event.id, time: event.time, deliveries };
        let all = deliveries.saturating_add(skipped);
        self.events.insert(
            event.id,
            EventView { event: (**event).clone(), deliveries: all, statuses: StatusCounts::default() },
        );
        if let Some(used) = new.key {
            self.put_key(used, Target::Event(accepted));
        }
        Ok(Appended::Stored)
    }

    pub(super) fn insert_delivery(&mut self, new: NewDelivery, event_id: EventId, due: Millis) {
        let NewDelivery { id, hook_id, partition } = new;
        let delivery = Delivery {
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
        let position = self.account.accepted + self.deliveries.len() as u64;
        self.deliveries.insert(id, Row { delivery, attempts: Vec::new(), base: 0, partition, position });
        self.saw(id.number());
        self.changes.deliveries.push((id, None, DeliveryStatus::Pending));
    }

    fn is_pending(&self, id: DeliveryId) -> bool {
        self.deliveries.get(&id).is_some_and(|row| row.delivery.status == DeliveryStatus::Pending)
    }

    /// True if the attempt, or a later one, is recorded already.
    fn has_attempt(&self, result: &DeliveryResult) -> bool {
        let made = self.deliveries.get(&result.id).map_or(0, |row| row.delivery.attempts);
        result.attempt.as_ref().is_some_and(|attempt| attempt.n <= made)
    }

    pub(super) fn record(
        &mut self,
        session: Session,
        results: Vec<DeliveryResult>,
    ) -> Result<Vec<Partition>, JournalError> {
        let mut lost = Vec::new();
        for result in self.not_held_back(results) {
            if self.holds(session, result.claim) {
                self.changes.recorded.push(result.claim);
                self.record_one(result)?;
            } else if !lost.contains(&result.claim.partition) {
                lost.push(result.claim.partition);
            }
        }
        Ok(lost)
    }

    /// The results that are stored with this call: all of them, unless the store is broken.
    fn not_held_back(&mut self, mut results: Vec<DeliveryResult>) -> Vec<DeliveryResult> {
        match self.mutant {
            Some(Mutant::DueLagsBehind) => std::mem::replace(&mut self.lagging, results),
            Some(Mutant::HoldsResultsBack) => {
                self.lagging.append(&mut results);
                if self.lagging.len() < HELD_BACK { Vec::new() } else { std::mem::take(&mut self.lagging) }
            }
            Some(Mutant::LosesResults) => {
                results.retain(|_| {
                    self.results += 1;
                    !self.results.is_multiple_of(3)
                });
                results
            }
            _ => results,
        }
    }

    fn record_one(&mut self, mut result: DeliveryResult) -> Result<(), JournalError> {
        if let Some(mutant) = self.mutant {
            mutant.spoil_result(&mut result);
        }
        let known = self.has_attempt(&result) && !self.breaks(Mutant::RecordsTwice);
        if !self.is_pending(result.id) || known {
            return Ok(());
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
        Ok(())
    }

    /// Stores both in a copy of the rows, which takes the place of the rows when all of it succeeds.
    pub(super) fn record_and_append(
        &mut self,
        session: Session,
        result: DeliveryResult,
        published: Vec<NewEvent>,
    ) -> Result<Recorded, JournalError> {
        if !self.holds(session, result.claim) {
            return Ok(Recorded::PartitionLost);
        }
        if !self.is_pending(result.id) || self.has_attempt(&result) {
            return Ok(Recorded::NotPending);
        }
        self.changes.recorded.push(result.claim);
        let mut next = self.clone();
        next.record_one(result.clone())?;
        if self.breaks(Mutant::KeepsHalf) {
            self.record_one(result)?;
        }
        for new in published {
            if next.append(new)? == Appended::Stale {
                return Ok(Recorded::Stale);
            }
        }
        *self = next;
        Ok(Recorded::Stored)
    }

    pub(super) fn waiting(
        &mut self,
        session: Session,
        claims: &[Claim],
    ) -> Result<Vec<HookId>, JournalError> {
        claims.iter().try_for_each(|claim| self.check_claim(session, *claim))?;
        let partitions: BTreeSet<Partition> = claims.iter().map(|claim| claim.partition).collect();
        let mut hooks = BTreeSet::new();
        for (hook, _, id) in &self.pending {
            let of_partitions =
                self.deliveries.get(id).is_some_and(|row| partitions.contains(&row.partition));
            if self.exclusive || of_partitions {
                hooks.insert(*hook);
            }
        }
        let (kept, deleted): (Vec<_>, Vec<_>) = hooks.into_iter().partition(|hook| self.is_kept(*hook));
        deleted.into_iter().try_for_each(|hook| self.cancel(hook, "hook gone").map(drop))?;
        Ok(kept)
    }

    pub(super) fn due(&self, hook: HookId, ordered: bool, limit: u32) -> Vec<PendingDelivery> {
        let mut waiting: Vec<_> = self.waiting_for(hook).collect();
        if ordered {
            let position = |id: DeliveryId| self.deliveries.get(&id).map(|row| row.position);
            waiting.sort_by_key(|(_, id)| (position(*id).filter(|_| !self.exclusive), *id));
            if self.breaks(Mutant::DueInReverse) {
                waiting.reverse();
            }
        }
        waiting.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        waiting.into_iter().filter_map(|(_, id)| self.deliveries.get(&id).and_then(Row::pending)).collect()
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
        let due = row.pending().ok_or(JournalError::NotFound("delivery"))?;
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
            let Some(row) = self.deliveries.get(&replay.of) else { continue };
            let (old, partition) = (&row.delivery, row.partition);
            let (event_id, hook_id) = (old.event_id, old.hook_id);
            let ended = old.status != DeliveryStatus::Pending;
            if !ended || !self.is_kept(hook_id) || !self.events.contains_key(&event_id) {
                continue;
            }
            if self.deliveries.contains_key(&replay.id) {
                return Err(JournalError::Conflict("the id is already in use"));
            }
            self.insert_delivery(NewDelivery { id: replay.id, hook_id, partition }, event_id, now);
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
}

impl Row {
    fn pending(&self) -> Option<PendingDelivery> {
        Some(PendingDelivery {
            id: self.delivery.id,
            event_id: self.delivery.event_id,
            attempts: self.delivery.attempts,
            attempts_base: self.base,
            at: self.delivery.next_attempt_at?,
        })
    }
}
