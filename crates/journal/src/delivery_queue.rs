//! The port of what is still to be delivered.

use crate::{Claim, NewEvent, Partition, PendingDelivery, Wait};
use footbridge_model::audit::AuditEntry;
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::id::{DeliveryId, HookId};
use footbridge_model::time::Millis;

/// The result of an attempt, or an end without one.
#[derive(Debug, Clone)]
pub struct DeliveryResult {
    /// The right to write to the partition of the delivery's hook.
    pub claim: Claim,
    /// The delivery that the result belongs to.
    pub id: DeliveryId,
    /// The attempt, if one was made.
    pub attempt: Option<Attempt>,
    /// The delivery's new status.
    pub status: DeliveryStatus,
    /// When the next attempt is due; only with [`DeliveryStatus::Pending`].
    pub next_attempt_at: Option<Millis>,
    /// Why the delivery ended, unless the attempt says it.
    pub reason: Option<String>,
}

/// The outcome of [`DeliveryQueue::record_and_append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The result and the events are stored.
    Stored,
    /// The delivery is no longer pending. Nothing was stored.
    NotPending,
    /// The partition has another owner. Nothing was stored.
    PartitionLost,
    /// The registry has another version than one of the events names. Nothing was stored: match again.
    Stale,
}

/// The outcome of a retry by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// The delivery is pending and due.
    Pending {
        /// The delivery, as its next attempt needs it.
        due: PendingDelivery,
        /// The hook that the delivery goes to.
        hook_id: HookId,
    },
    /// The delivery cannot be retried in this status.
    NotRetryable(DeliveryStatus),
}

/// Which delivery [`DeliveryQueue::cancel_one`] cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOnly {
    /// Any delivery that is pending.
    Pending,
    /// The oldest pending delivery of its hook.
    Head,
}

/// The outcome of cancelling one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledOne {
    /// It is cancelled. Holds its hook.
    Cancelled(HookId),
    /// It has ended before, with this status.
    Ended(DeliveryStatus),
    /// Another pending delivery of its hook is older. Holds the oldest.
    NotTheHead(DeliveryId),
}

/// A new delivery of the event of one that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// The delivery that has ended.
    pub of: DeliveryId,
    /// The id of the new one.
    pub id: DeliveryId,
}

/// Holds pending deliveries until they end.
///
/// Calls that name a [`Claim`] answer [`Fenced`](crate::JournalError::Fenced) once the partition has another owner,
/// unless they say otherwise.
pub trait DeliveryQueue: Send + Sync {
    /// Returns the hooks of these partitions that have pending deliveries, in the order of ids. What is pending for
    /// deleted hooks is cancelled on the way, with the reason `hook gone`. An exclusive session gets the hooks of all
    /// partitions.
    fn waiting(&self, claims: Vec<Claim>) -> Wait<Vec<HookId>>;

    /// Returns the pending deliveries of a hook that are due first, at most `limit`, ordered by `(due, id)`; for an
    /// `ordered` hook by id. Sees every result of the partition that was recorded before the call.
    fn due(&self, claim: Claim, hook: HookId, ordered: bool, limit: u32) -> Wait<Vec<PendingDelivery>>;

    /// Stores results, and returns the partitions that have another owner, whose results were not stored. Ignores
    /// results of deliveries that are no longer pending, and of attempts that are recorded already: so a call whose
    /// outcome is unknown may be repeated.
    ///
    /// Fails with [`Fenced`](crate::JournalError::Fenced) only when the session is over.
    fn record(&self, results: Vec<DeliveryResult>) -> Wait<Vec<Partition>>;

    /// Stores a result together with the events that the attempt published, or nothing of it.
    fn record_and_append(&self, result: DeliveryResult, published: Vec<NewEvent>) -> Wait<Recorded>;

    /// Cancels all pending deliveries of a hook, and returns how many there were.
    fn cancel(&self, claim: Claim, hook: HookId, reason: &'static str) -> Wait<u64>;

    /// Cancels one pending delivery, and stores the reason as its error. A result of its attempt in flight is ignored from
    /// then on. Stores `audit` if it is cancelled.
    fn cancel_one(
        &self,
        id: DeliveryId,
        only: CancelOnly,
        reason: String,
        audit: Vec<AuditEntry>,
    ) -> Wait<CancelledOne>;

    /// Makes a delivery due `now` if its hook is not deleted. A dead or cancelled one becomes pending again and its
    /// schedule starts again; a pending one keeps its schedule. Stores `audit` if the delivery is pending now.
    fn retry(&self, id: DeliveryId, now: Millis, audit: Vec<AuditEntry>) -> Wait<Retried>;

    /// Does the same as [`retry`](Self::retry) for each of these deliveries whose status is `from`. Returns those that
    /// are pending now, with their hooks. Stores `audit` if there are any.
    fn retry_many(
        &self,
        ids: Vec<DeliveryId>,
        from: DeliveryStatus,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Vec<(DeliveryId, HookId)>>;

    /// Makes new deliveries of the same event to the same hook, due `now`. They count as accepted, and are deleted with
    /// their event. Skips deliveries that have not ended, or whose event or hook is deleted. Returns the new ones with
    /// their hooks. Stores `audit` if there are any.
    fn replay(
        &self,
        replays: Vec<Replay>,
        now: Millis,
        audit: Vec<AuditEntry>,
    ) -> Wait<Vec<(DeliveryId, HookId)>>;

    /// Returns about how many deliveries are pending, without waiting: exact for an exclusive session, at most a few
    /// seconds old otherwise.
    fn pending_estimate(&self) -> u64;
}
