//! The port that accepts events.

use crate::{Partition, PendingDelivery, Version, Wait};
use footbridge_model::event::Event;
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::time::Millis;
use std::sync::Arc;

/// An event and its deliveries, stored in one transaction.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The event to store.
    pub event: Arc<Event>,
    /// One for each matching hook. Their ids are the first after the event's
    /// ([`nth`](footbridge_model::id::nth)).
    pub deliveries: Vec<NewDelivery>,
    /// One for each hook that matches but is switched off, with the reason. Stored as cancelled, so that it can be
    /// retried. Their ids continue those of `deliveries`.
    pub skipped: Vec<(NewDelivery, &'static str)>,
    /// The `Idempotency-Key` of the request.
    pub key: Option<IdempotencyKey>,
    /// The version of the registry whose hooks were matched.
    pub registry: Version,
}

/// A delivery to be stored, due at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDelivery {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The hook it goes to.
    pub hook_id: HookId,
    /// The partition of the hook's app.
    pub partition: Partition,
}

impl NewDelivery {
    /// The delivery as its first attempt needs it.
    #[must_use]
    pub fn pending(&self, event: &Event) -> PendingDelivery {
        PendingDelivery { id: self.id, event_id: event.id, attempts: 0, attempts_base: 0, at: event.time }
    }
}

/// One use of an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The range in which the key is unique: the sender and the endpoint, as [`KeyScopes`](crate::KeyScopes) writes
    /// them.
    pub scope: String,
    /// The key that the client chose.
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
    /// When the key expires.
    pub until: Millis,
}

/// The answer to the publisher of an accepted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The id of the event.
    pub id: EventId,
    /// When it was accepted.
    pub time: Millis,
    /// How many hooks it goes to.
    pub deliveries: u32,
}

/// The outcome of [`EventLog::append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// The event is stored.
    Stored,
    /// The same key and request were accepted before. Nothing was stored now.
    Replay(Accepted),
    /// The key was used with another request. Nothing was stored.
    Mismatch,
    /// The registry has another version than [`NewEvent::registry`], so a new hook may be missing. Nothing was stored:
    /// match again. Only stores that several sessions share answer this.
    Stale,
}

/// Accepts events. Any server may append, whoever owns the partitions.
pub trait EventLog: Send + Sync {
    /// Stores an event and its deliveries.
    fn append(&self, event: NewEvent) -> Wait<Appended>;
}
