//! Calls on a store as the owner of a partition makes them, for tests.

use super::given::{PARTITION, at};
use crate::{
    Claim, DeliveryResult, ExchangeEnd, Joined, JournalError, KeyDisposition, NewEvent, NodeCard, Partition,
    PendingDelivery, PruneLimits, Recorded, RegistryBatch, RegistryChange, Store, Version,
};
use footbridge_model::app::{App, Link};
use footbridge_model::exchange::ExchangeOutcome;
use footbridge_model::hook::Hook;
use footbridge_model::id::{ExchangeId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::time::Duration;

/// How long the tests store the audit log.
pub(super) const AUDIT_KEPT: Duration = Duration::from_hours(400 * 24);

type Answer<T> = Result<T, JournalError>;

/// Calls that fill in what an owner knows: the registry's version, and the claim on the one partition that the tests
/// use.
pub trait Owner: Store {
    /// Begins a session of a server with this name.
    fn join_as(&self, name: &str) -> impl Future<Output = Answer<Joined>> {
        self.join(NodeCard { name: name.to_owned(), address: None }, at(0))
    }

    /// The claim on the partition of the tests.
    fn own_claim(&self) -> impl Future<Output = Answer<Claim>> {
        async { self.claim(vec![PARTITION]).await?.pop().ok_or(JournalError::Fenced) }
    }

    /// The claim on the partition of retention.
    fn prune_before(&self, ended: Millis, dead: Millis, now: Millis) -> impl Future<Output = Answer<bool>> {
        async move {
            let claim = self.claim(vec![Partition::RETENTION]).await?.pop().ok_or(JournalError::Fenced)?;
            let audit_before = now.minus(AUDIT_KEPT);
            self.prune(claim, PruneLimits { ended_before: ended, dead_before: dead, audit_before, now }).await
        }
    }

    /// Makes a change at the present version.
    fn change(&self, change: RegistryChange) -> impl Future<Output = Answer<Version>> {
        async move {
            let at = self.load().await?.version;
            self.apply(change, at).await
        }
    }

    /// Stores an app at the present version.
    fn put_app(&self, app: App) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::app(app))
    }

    /// Stores a link at the present version.
    fn put_link(&self, link: Link) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::link(link))
    }

    /// Stores a hook at the present version.
    fn put_hook(&self, hook: Hook) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::hooks(vec![hook]))
    }

    /// Stores a batch at the present version.
    fn put_batch(&self, batch: RegistryBatch) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::Put(batch))
    }

    /// Stores an installed app.
    fn put_installed(
        &self,
        app: App,
        hooks: Vec<Hook>,
        gone: Vec<HookId>,
        reason: &'static str,
    ) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::Install { app: Box::new(app), hooks, gone, reason })
    }

    /// Deletes an app at the present version.
    fn delete_app(&self, name: AppName, reason: &'static str) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::DeleteApp { name, reason })
    }

    /// Deletes a link at the present version.
    fn delete_link(&self, host: AppName, miniapp: AppName) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::DeleteLink { host, miniapp })
    }

    /// Deletes hooks at the present version.
    fn delete_hooks(
        &self,
        hooks: Vec<HookId>,
        reason: &'static str,
    ) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::DeleteHooks { hooks, reason })
    }

    /// Stores hooks that were deleted again.
    fn restore_hooks(
        &self,
        hooks: Vec<Hook>,
        reason: &'static str,
        now: Millis,
    ) -> impl Future<Output = Answer<Version>> {
        self.change(RegistryChange::RestoreHooks { hooks, reason, now })
    }

    /// The hooks that wait in the partition of the tests.
    fn waiting_hooks(&self) -> impl Future<Output = Answer<Vec<HookId>>> {
        async { self.waiting(vec![self.own_claim().await?]).await }
    }

    /// Returns what is due to a hook, under the claim of the tests.
    fn due_of(
        &self,
        hook: HookId,
        ordered: bool,
        limit: u32,
    ) -> impl Future<Output = Answer<Vec<PendingDelivery>>> {
        async move { self.due(self.own_claim().await?, hook, ordered, limit).await }
    }

    /// Cancels what is pending for a hook.
    fn cancel_of(&self, hook: HookId, reason: &'static str) -> impl Future<Output = Answer<u64>> {
        async move { self.cancel(self.own_claim().await?, hook, reason).await }
    }

    /// Stores results, under the claim on the partition of the tests.
    fn record_owned(&self, results: Vec<DeliveryResult>) -> impl Future<Output = Answer<Vec<Partition>>> {
        async move {
            let claim = self.own_claim().await?;
            self.record(results.into_iter().map(|result| DeliveryResult { claim, ..result }).collect()).await
        }
    }

    /// Stores a result with events, under the claim on the partition of the tests and the present version.
    fn record_owned_with(
        &self,
        result: DeliveryResult,
        published: Vec<NewEvent>,
    ) -> impl Future<Output = Answer<Recorded>> {
        async move {
            let (claim, registry) = (self.own_claim().await?, self.load().await?.version);
            let published = published.into_iter().map(|new| NewEvent { registry, ..new }).collect();
            self.record_and_append(DeliveryResult { claim, ..result }, published).await
        }
    }

    /// Stores how an exchange ended.
    fn finish(
        &self,
        id: ExchangeId,
        ending: ExchangeOutcome,
        ms: u32,
        keep_answer_until: Millis,
        key: KeyDisposition,
    ) -> impl Future<Output = Answer<()>> {
        self.finish_exchange(ExchangeEnd { id, ending, ms, answer_status: Some(201), keep_answer_until, key })
    }
}

impl<T: Store> Owner for T {}
