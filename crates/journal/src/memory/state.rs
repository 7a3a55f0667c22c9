//! What is kept, and the moves of deliveries between states.

use crate::{Account, EventView, IdempotencyKey, JournalError};
use footbridge_model::app::{App, Link};
use footbridge_model::delivery::{Attempt, Delivery, DeliveryStatus};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::hook::Hook;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) apps: BTreeMap<AppName, App>,
    pub(super) links: BTreeMap<(AppName, AppName), Link>,
    pub(super) hooks: BTreeMap<HookId, KeptHook>,
    pub(super) events: BTreeMap<EventId, EventView>,
    pub(super) deliveries: BTreeMap<DeliveryId, Row>,
    /// The pending ones, in the order in which lanes want them.
    pub(super) pending: BTreeSet<(HookId, Millis, DeliveryId)>,
    pub(super) exchanges: BTreeMap<ExchangeId, Exchange>,
    pub(super) keys: BTreeMap<(String, String), KeptKey>,
    pub(super) account: Account,
    pub(super) highest_id: u64,
    pub(super) config_file: Option<String>,
}

#[derive(Clone)]
pub(super) struct KeptHook {
    pub(super) hook: Hook,
    pub(super) gone: bool,
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) delivery: Delivery,
    pub(super) attempts: Vec<Attempt>,
    pub(super) base: u32,
}

#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) record: ExchangeRecord,
    pub(super) keep_answer_until: Option<Millis>,
}

#[derive(Clone)]
pub(super) struct KeptKey {
    pub(super) used: IdempotencyKey,
    pub(super) target: Target,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Target {
    Event(crate::Accepted),
    Exchange(ExchangeId),
}

impl State {
    pub(super) fn saw(&mut self, id: u64) {
        self.highest_id = self.highest_id.max(id);
    }

    pub(super) fn is_kept(&self, hook: HookId) -> bool {
        self.hooks.get(&hook).is_some_and(|kept| !kept.gone)
    }

    /// The live key under the same name: `Some(None)` when it stands for another request.
    pub(super) fn key(&self, used: &IdempotencyKey, now: Millis) -> Option<Option<Target>> {
        let kept =
            self.keys.get(&(used.scope.clone(), used.key.clone())).filter(|kept| now < kept.used.until)?;
        Some((kept.used.fingerprint == used.fingerprint).then(|| kept.target.clone()))
    }

    pub(super) fn keep_key(&mut self, used: IdempotencyKey, target: Target) {
        self.keys.insert((used.scope.clone(), used.key.clone()), KeptKey { used, target });
    }

    /// Moves a delivery, keeping the account and the order of the pending ones.
    pub(super) fn change(
        &mut self,
        id: DeliveryId,
        status: DeliveryStatus,
        next: Option<Millis>,
    ) -> Result<&mut Row, JournalError> {
        let row = self.deliveries.get_mut(&id).ok_or(JournalError::NotFound("delivery"))?;
        let delivery = &mut row.delivery;
        if let Some(at) = delivery.next_attempt_at {
            self.pending.remove(&(delivery.hook_id, at, id));
        }
        *self.account.count_mut(delivery.status) -= 1;
        *self.account.count_mut(status) += 1;
        delivery.next_attempt_at = match status {
            DeliveryStatus::Pending => next.or(delivery.next_attempt_at),
            _ => None,
        };
        delivery.status = status;
        if let Some(at) = delivery.next_attempt_at {
            self.pending.insert((delivery.hook_id, at, id));
        }
        Ok(row)
    }

    pub(super) fn waiting_for(&self, hook: HookId) -> impl Iterator<Item = (Millis, DeliveryId)> {
        let first = (hook, Millis(i64::MIN), DeliveryId::from_number(0));
        self.pending.range(first..).take_while(move |entry| entry.0 == hook).map(|entry| (entry.1, entry.2))
    }

    pub(super) fn cancel(&mut self, hook: HookId, reason: &str) -> Result<u64, JournalError> {
        let waiting: Vec<_> = self.waiting_for(hook).collect();
        let mut cancelled = 0;
        for (_, id) in waiting {
            self.change(id, DeliveryStatus::Cancelled, None)?.delivery.last_error = Some(reason.to_owned());
            cancelled += 1;
        }
        Ok(cancelled)
    }

    pub(super) fn revive_hook(&mut self, hook: Hook, reason: &str, now: Millis) -> Result<(), JournalError> {
        let id = hook.id;
        self.hooks.insert(id, KeptHook { hook, gone: false });
        let cancelled = |row: &&Row| {
            let delivery = &row.delivery;
            delivery.hook_id == id
                && delivery.status == DeliveryStatus::Cancelled
                && delivery.last_error.as_deref() == Some(reason)
        };
        let waiting: Vec<_> = self.deliveries.values().filter(cancelled).map(|row| row.delivery.id).collect();
        for delivery in waiting {
            let row = self.change(delivery, DeliveryStatus::Pending, Some(now))?;
            row.base = row.delivery.attempts;
        }
        Ok(())
    }

    pub(super) fn end_hook(&mut self, hook: HookId, reason: &str) -> Result<(), JournalError> {
        if let Some(kept) = self.hooks.get_mut(&hook) {
            kept.gone = true;
        }
        self.cancel(hook, reason).map(|_| ())
    }
}
