//! Retries and replays at the request of an operator: one delivery, or all that a filter selects.

use crate::lanes::Lanes;
use crate::registry::AppRegistry;
use footbridge_journal::{DeliveryFilter, Journal, JournalError, Page, Replay, Retried};
use footbridge_model::audit::{Actor, AuditEntry, AuditObject};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{AuditId, DeliveryId, HookId, IdSource, nth};
use footbridge_model::time::Clock;

/// The most deliveries that one transaction changes.
const BATCH: u32 = 1000;

/// Why a delivery was neither retried nor replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The delivery has ended with success.
    #[error("the delivery is {}, so there is nothing to retry; replay it to send the event once more", .0.as_str())]
    AlreadyDelivered(DeliveryStatus),
    /// The delivery has not ended.
    #[error("the delivery is pending, so it cannot be replayed; retry it to send it now")]
    Pending,
    /// The hook was deleted.
    #[error("its hook is gone, so there is nowhere to deliver to")]
    HookGone,
    /// The journal could not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The status of a delivery, as a state in the audit log.
fn status(status: DeliveryStatus) -> String {
    serde_json::json!({"status": status.as_str()}).to_string()
}

/// The effect of a bulk retry or replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkMode {
    /// Counts the deliveries that would be changed.
    DryRun,
    /// Changes all selected deliveries.
    Apply,
}

/// An action on the selected deliveries.
#[derive(Debug, Clone, Copy)]
enum BulkAction {
    Count,
    /// Retries deliveries that have this status.
    Retry(DeliveryStatus),
    Replay,
}

/// Retries and replays deliveries.
pub(crate) struct Redelivery<'a> {
    pub(crate) registry: &'a AppRegistry,
    pub(crate) journal: &'a dyn Journal,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) lanes: &'a Lanes,
    pub(crate) ids: &'a IdSource,
    /// The one who asks for it.
    pub(crate) by: &'a Actor,
}

impl Redelivery<'_> {
    /// Makes a delivery due now. A dead or cancelled delivery becomes pending again.
    pub(crate) async fn retry(&self, id: DeliveryId) -> Result<(), ReplayError> {
        let before = self.check_hook(id).await?;
        let entry = self.entry(
            "delivery.retry",
            AuditObject::new("delivery", id),
            Some(status(DeliveryStatus::Pending)),
        );
        let audit = vec![AuditEntry { before: Some(status(before)), ..entry }];
        match self.journal.retry(id, self.clock.now(), audit).await? {
            Retried::Pending { hook_id, .. } => {
                self.lanes.wake([hook_id]);
                Ok(())
            }
            Retried::NotRetryable(status @ (DeliveryStatus::Delivered | DeliveryStatus::Unanswered)) => {
                Err(ReplayError::AlreadyDelivered(status))
            }
            // The hook was deleted meanwhile.
            Retried::NotRetryable(_) => Err(ReplayError::HookGone),
        }
    }

    /// Creates a new delivery of the same event to the same hook; returns its id.
    pub(crate) async fn replay(&self, id: DeliveryId) -> Result<DeliveryId, ReplayError> {
        let before = self.check_hook(id).await?;
        if before == DeliveryStatus::Pending {
            return Err(ReplayError::Pending);
        }
        let new = DeliveryId::from_number(self.ids.block(self.clock.now(), 1));
        let after = serde_json::json!({"status": before.as_str(), "replayed_as": new.text()});
        let entry = self.entry("delivery.replay", AuditObject::new("delivery", id), Some(after.to_string()));
        let audit = vec![AuditEntry { before: Some(status(before)), ..entry }];
        let made = self.store_replays(vec![Replay { of: id, id: new }], audit).await?;
        // The delivery had ended, so its hook was deleted meanwhile.
        let (new, _) = made.first().ok_or(ReplayError::HookGone)?;
        Ok(*new)
    }

    /// Returns the status of a delivery whose hook exists.
    async fn check_hook(&self, id: DeliveryId) -> Result<DeliveryStatus, ReplayError> {
        let view = self.journal.delivery(id).await?.ok_or(JournalError::NotFound("delivery"))?;
        match self.registry.index.load().hook(view.hook.id) {
            Some(_) => Ok(view.delivery.status),
            None => Err(ReplayError::HookGone),
        }
    }

    /// Retries the deliveries that `filter` selects; returns how many. Without a status it selects dead deliveries.
    pub(crate) async fn retry_many(
        &self,
        filter: DeliveryFilter,
        mode: BulkMode,
    ) -> Result<u64, ReplayError> {
        let status = filter.status.unwrap_or(DeliveryStatus::Dead);
        if matches!(status, DeliveryStatus::Delivered | DeliveryStatus::Unanswered) {
            return Err(ReplayError::AlreadyDelivered(status));
        }
        let action = if mode == BulkMode::Apply { BulkAction::Retry(status) } else { BulkAction::Count };
        self.for_each_batch(DeliveryFilter { status: Some(status), ..filter }, action).await
    }

    /// Replays the deliveries that `filter` selects; returns how many. Without a status it selects delivered ones.
    pub(crate) async fn replay_many(
        &self,
        filter: DeliveryFilter,
        mode: BulkMode,
    ) -> Result<u64, ReplayError> {
        let status = filter.status.unwrap_or(DeliveryStatus::Delivered);
        if status == DeliveryStatus::Pending {
            return Err(ReplayError::Pending);
        }
        let action = if mode == BulkMode::Apply { BulkAction::Replay } else { BulkAction::Count };
        self.for_each_batch(DeliveryFilter { status: Some(status), ..filter }, action).await
    }

    /// Applies an action once to each delivery that `filter` selects, in the order of their ids.
    ///
    /// Ends at the highest id that existed at the start, so that it ends even if retried deliveries fail again at once.
    async fn for_each_batch(&self, filter: DeliveryFilter, action: BulkAction) -> Result<u64, ReplayError> {
        let newest = Page { before: None, limit: 1 };
        let newest = self.journal.deliveries(DeliveryFilter::default(), newest).await?;
        let Some(end) = newest.first().map(|view| view.delivery.id) else { return Ok(0) };
        let mut audit = self.bulk_entry(&filter, action);
        let (mut after, mut count) = (None, 0);
        loop {
            let picked = self.journal.find_deliveries(filter.clone(), after, BATCH).await?;
            let ids: Vec<_> = picked.ids.into_iter().filter(|id| *id <= end).collect();
            let changed = self.apply(ids, action, audit.clone()).await?;
            if changed > 0 {
                audit.clear();
            }
            count += changed;
            match picked.more_after.filter(|next| *next < end) {
                Some(next) => after = Some(next),
                None => return Ok(count),
            }
        }
    }

    async fn apply(
        &self,
        ids: Vec<DeliveryId>,
        action: BulkAction,
        audit: Vec<AuditEntry>,
    ) -> Result<u64, ReplayError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let changed = match action {
            BulkAction::Count => return Ok(ids.len() as u64),
            BulkAction::Retry(from) => {
                let retried = self.journal.retry_many(ids, from, self.clock.now(), audit).await?;
                self.lanes.wake(retried.iter().map(|(_, hook)| *hook));
                retried
            }
            BulkAction::Replay => self.create(ids, audit).await?,
        };
        Ok(changed.len() as u64)
    }

    /// Creates a new delivery for each of these.
    async fn create(
        &self,
        of: Vec<DeliveryId>,
        audit: Vec<AuditEntry>,
    ) -> Result<Vec<(DeliveryId, HookId)>, JournalError> {
        let now = self.clock.now();
        let first = self.ids.block(now, of.len() as u64);
        let ids = (0..).map(|k| DeliveryId::from_number(nth(first, k)));
        let replays = of.into_iter().zip(ids).map(|(of, id)| Replay { of, id }).collect();
        self.store_replays(replays, audit).await
    }

    async fn store_replays(
        &self,
        replays: Vec<Replay>,
        audit: Vec<AuditEntry>,
    ) -> Result<Vec<(DeliveryId, HookId)>, JournalError> {
        let made = self.journal.replay(replays, self.clock.now(), audit).await?;
        self.lanes.wake(made.iter().map(|(_, hook)| *hook));
        Ok(made)
    }

    /// The entry of the audit log for an act on an object.
    fn entry(&self, action: &str, object: AuditObject, after: Option<String>) -> AuditEntry {
        AuditEntry {
            id: AuditId::from_number(self.ids.next(self.clock.now())),
            who: self.by.clone(),
            action: action.to_owned(),
            object,
            before: None,
            after,
            note: None,
        }
    }

    /// The entry for a bulk act, which is stored with its first change.
    fn bulk_entry(&self, filter: &DeliveryFilter, action: BulkAction) -> Vec<AuditEntry> {
        let action = match action {
            BulkAction::Count => return Vec::new(),
            BulkAction::Retry(_) => "delivery.retry_many",
            BulkAction::Replay => "delivery.replay_many",
        };
        let DeliveryFilter { event, app, hook, status, name, code, since, until } = filter;
        let selection = serde_json::json!({
            "event": event,
            "app": app.as_ref().map(ToString::to_string),
            "hook": hook,
            "status": status.map(DeliveryStatus::as_str),
            "name": name,
            "code": code,
            "since": since.as_ref().map(ToString::to_string),
            "until": until.as_ref().map(ToString::to_string),
        });
        vec![self.entry(action, AuditObject::new("delivery", "*"), Some(selection.to_string()))]
    }
}
