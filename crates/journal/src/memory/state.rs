//! The stored rows, and how deliveries move between statuses.

use super::handle::Changes;
use super::members::Members;
use super::mutant::Mutant;
use super::people::PeopleRows;
use crate::{
    Account, DeliveryResult, EventView, IdempotencyKey, JournalError, Partition, RegistryChange, SavedView,
    Session, Version,
};
use footbridge_model::app::{App, Link};
use footbridge_model::audit::AuditEntry;
use footbridge_model::credential::{CredentialKind, CredentialUse};
use footbridge_model::delivery::{Attempt, Delivery, DeliveryStatus};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::hook::Hook;
use footbridge_model::id::{AuditId, DeliveryId, EventId, ExchangeId, HookId, JobId};
use footbridge_model::job::{Job, JobItem};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use footbridge_model::traffic::{Edge, Sums};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) apps: BTreeMap<AppName, App>,
    pub(super) links: BTreeMap<(AppName, AppName), Link>,
    pub(super) hooks: BTreeMap<HookId, StoredHook>,
    pub(super) events: BTreeMap<EventId, EventView>,
    pub(super) deliveries: BTreeMap<DeliveryId, Row>,
    /// The pending deliveries, in the order in which hooks want them.
    pub(super) pending: BTreeSet<(HookId, Millis, DeliveryId)>,
    pub(super) exchanges: BTreeMap<ExchangeId, Exchange>,
    pub(super) people: PeopleRows,
    pub(super) keys: BTreeMap<(String, String), StoredKey>,
    /// The sums of minutes and of hours.
    pub(super) traffic: BTreeMap<(bool, Millis, Edge), Sums>,
    pub(super) credential_uses: BTreeMap<(AppName, CredentialKind, u64), CredentialUse>,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) job_items: BTreeMap<(JobId, u64), JobItem>,
    pub(super) views: BTreeMap<(String, String), SavedView>,
    pub(super) audit: BTreeMap<AuditId, AuditEntry>,
    pub(super) account: Account,
    pub(super) highest_id: u64,
    pub(super) config_file: Option<String>,
    pub(super) version: Version,
    /// The changes that led to `version`, the first of them from version 0.
    pub(super) log: Vec<RegistryChange>,
    /// True if the store admits one session, which owns every partition.
    pub(super) exclusive: bool,
    pub(super) members: Members,
    pub(super) mutant: Option<Mutant>,
    /// How many results were recorded, for [`Mutant::LosesResults`].
    pub(super) results: u64,
    /// Results that wait with [`Mutant::DueLagsBehind`] and [`Mutant::HoldsResultsBack`].
    pub(super) lagging: Vec<DeliveryResult>,
    /// The changes that the open transaction has made.
    pub(super) changes: Changes,
}

#[derive(Clone)]
pub(super) struct StoredHook {
    pub(super) hook: Hook,
    pub(super) deleted: bool,
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) delivery: Delivery,
    pub(super) attempts: Vec<Attempt>,
    pub(super) base: u32,
    pub(super) partition: Partition,
    /// How many deliveries were stored before: the order of acceptance, which ids of several sources do not have.
    pub(super) position: u64,
}

#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) record: ExchangeRecord,
    pub(super) keep_answer_until: Option<Millis>,
    /// The session that sends it.
    pub(super) session: Session,
}

#[derive(Clone)]
pub(super) struct StoredKey {
    pub(super) used: IdempotencyKey,
    pub(super) target: Target,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Target {
    Event(crate::Accepted),
    Exchange(ExchangeId),
}

impl State {
    pub(super) fn breaks(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(super) fn saw(&mut self, id: u64) {
        self.highest_id = self.highest_id.max(id);
    }

    /// The state that the next server finds when the only one has ended.
    pub(super) fn after_restart(&self) -> Self {
        let mut state = self.clone();
        state.members.end_all();
        if state.breaks(Mutant::LosesTheLatestEvent) {
            state.events.pop_last();
        }
        if state.breaks(Mutant::HoldsResultsBack) {
            state.lagging.clear();
        }
        state
    }

    /// Returns the changes since the last call.
    pub(super) fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn is_kept(&self, hook: HookId) -> bool {
        self.hooks.get(&hook).is_some_and(|stored| !stored.deleted)
    }

    /// Looks up a key that has not expired: `Some(None)` if it was used for another request.
    pub(super) fn key(&self, used: &IdempotencyKey, now: Millis) -> Option<Option<Target>> {
        let stored = self
            .keys
            .get(&(used.scope.clone(), used.key.clone()))
            .filter(|stored| now < stored.used.until)?;
        Some((stored.used.fingerprint == used.fingerprint).then(|| stored.target.clone()))
    }

    pub(super) fn put_key(&mut self, used: IdempotencyKey, target: Target) {
        self.keys.insert((used.scope.clone(), used.key.clone()), StoredKey { used, target });
    }

    /// Moves a delivery to a status; account and pending deliveries follow.
    pub(super) fn change(
        &mut self,
        id: DeliveryId,
        status: DeliveryStatus,
        next: Option<Millis>,
    ) -> Result<&mut Row, JournalError> {
        let row = self.deliveries.get_mut(&id).ok_or(JournalError::NotFound("delivery"))?;
        let delivery = &mut row.delivery;
        self.changes.deliveries.push((id, Some(delivery.status), status));
        if let Some(at) = delivery.next_attempt_at {
            self.pending.remove(&(delivery.hook_id, at, id));
        }
        *self.account.count_mut(delivery.status) -= 1;
        if status != DeliveryStatus::Cancelled || self.mutant != Some(Mutant::ForgetsCancelled) {
            *self.account.count_mut(status) += 1;
        }
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

    pub(super) fn restore_hook(&mut self, hook: Hook, reason: &str, now: Millis) -> Result<(), JournalError> {
        let id = hook.id;
        self.hooks.insert(id, StoredHook { hook, deleted: false });
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

    pub(super) fn delete_hook(&mut self, hook: HookId, reason: &str) -> Result<(), JournalError> {
        if let Some(stored) = self.hooks.get_mut(&hook) {
            stored.deleted = true;
        }
        self.cancel(hook, reason).map(drop)
    }
}
