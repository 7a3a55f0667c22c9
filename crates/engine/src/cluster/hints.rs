//! Collects the hooks that other servers should look at, so that few hints name them.

use crate::claims::Claims;
use footbridge_journal::{NewDelivery, Partition};
use footbridge_model::id::HookId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The hooks of other servers' partitions that have new deliveries.
#[derive(Debug)]
pub(crate) struct HintQueue {
    claims: Claims,
    hooks: Mutex<BTreeMap<HookId, Partition>>,
    added: Notify,
}

impl HintQueue {
    pub(crate) fn new(claims: Claims) -> Self {
        Self { claims, hooks: Mutex::default(), added: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<HookId, Partition>> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the new deliveries whose partitions this server owns, and queues hints for the others.
    pub(crate) fn split_off_foreign(&self, mut deliveries: Vec<NewDelivery>) -> Vec<NewDelivery> {
        if self.claims.is_exclusive() {
            return deliveries;
        }
        let mut foreign = Vec::new();
        deliveries.retain(|delivery| {
            let is_ours = self.claims.get(delivery.partition).is_some();
            if !is_ours {
                foreign.push((delivery.hook_id, delivery.partition));
            }
            is_ours
        });
        if !foreign.is_empty() {
            self.lock().extend(foreign);
            self.added.notify_one();
        }
        deliveries
    }

    /// Waits until there is a hint to send.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }

    /// Takes what was collected.
    pub(super) fn take(&self) -> Vec<(Partition, HookId)> {
        std::mem::take(&mut *self.lock()).into_iter().map(|(hook, partition)| (partition, hook)).collect()
    }
}
