//! Operations on lanes, and the end of single deliveries by hand.

use super::build::{Engine, Inner};
use crate::detached::detached;
use crate::lane_report::{self, LaneReport};
use crate::registry::{ChangeError, HookEntry};
use footbridge_journal::{CancelOnly, CancelledOne, JournalError};
use footbridge_model::audit::{AuditEntry, AuditObject};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook_state::Pause;
use footbridge_model::id::{DeliveryId, HookId};
use std::sync::Arc;

/// Why a delivery was not cancelled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// It has ended before.
    #[error("the delivery is {}, and only a pending one can be cancelled", .0.as_str())]
    Ended(DeliveryStatus),
    /// An older delivery is the head of the lane.
    #[error("the oldest pending delivery of this hook is {0}; skip that one, or cancel this one by its id")]
    NotTheHead(DeliveryId),
    /// The journal could not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Engine {
    /// The lanes of these hooks, in their order.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn lanes(&self, hooks: Vec<Arc<HookEntry>>) -> Result<Vec<LaneReport>, JournalError> {
        let Inner { registry, journal, lanes, .. } = &*self.0;
        let ids: Vec<HookId> = hooks.iter().map(|entry| entry.hook.id).collect();
        let states = lanes.states(ids.clone()).await;
        let backlogs = journal.hook_backlogs(ids).await?;
        let directory = registry.directory.load();
        let reports = hooks.into_iter().zip(backlogs).map(|(hook, backlog)| {
            let enabled = directory.app(hook.hook.app.as_str()).is_some_and(|entry| entry.app.enabled);
            let state = states.get(&hook.hook.id).copied();
            lane_report::report(hook, enabled, backlog, state)
        });
        Ok(reports.collect())
    }

    /// Pauses the lane of a hook: no attempt starts until it is resumed, also after a restart. Attempts in flight end
    /// normally.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn pause_lane(
        &self,
        hook: HookId,
        reason: Option<String>,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let (registry, at, by) = (Arc::clone(&self.0.registry), self.now(), self.actor());
        let pause = Some(Pause { at, by: by.name.clone(), reason });
        detached(async move { registry.pause_hook(&by, hook, pause).await }).await
    }

    /// Resumes the lane of a hook. An ordered hook goes on in order.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn resume_lane(&self, hook: HookId) -> Result<Arc<HookEntry>, ChangeError> {
        let (registry, by) = (Arc::clone(&self.0.registry), self.actor());
        detached(async move { registry.pause_hook(&by, hook, None).await }).await
    }

    /// Cancels a pending delivery. The reason is stored as its error. If an attempt is in flight, its result is not
    /// recorded.
    ///
    /// # Errors
    /// [`CancelError`]
    pub async fn cancel_delivery(&self, id: DeliveryId, reason: String) -> Result<(), CancelError> {
        self.cancel_one(id, CancelOnly::Pending, reason).await
    }

    /// Cancels a pending delivery if it is the oldest of its hook, so that those behind it are attempted.
    ///
    /// # Errors
    /// [`CancelError`]
    pub async fn skip_delivery(&self, id: DeliveryId, reason: String) -> Result<(), CancelError> {
        self.cancel_one(id, CancelOnly::Head, reason).await
    }

    async fn cancel_one(&self, id: DeliveryId, only: CancelOnly, reason: String) -> Result<(), CancelError> {
        let action = match only {
            CancelOnly::Pending => "delivery.cancel",
            CancelOnly::Head => "lane.skip",
        };
        let entry = self.entry(action, AuditObject::new("delivery", id));
        let status =
            |status: DeliveryStatus| Some(serde_json::json!({"status": status.as_str()}).to_string());
        let audit = AuditEntry {
            before: status(DeliveryStatus::Pending),
            after: status(DeliveryStatus::Cancelled),
            note: Some(reason.clone()),
            ..entry
        };
        let inner = Arc::clone(&self.0);
        detached(async move {
            match inner.journal.cancel_one(id, only, reason, vec![audit]).await? {
                CancelledOne::Cancelled(hook) => {
                    inner.lanes.withdraw(hook, id).await;
                    Ok(())
                }
                CancelledOne::Ended(status) => Err(CancelError::Ended(status)),
                CancelledOne::NotTheHead(head) => Err(CancelError::NotTheHead(head)),
            }
        })
        .await
    }
}
