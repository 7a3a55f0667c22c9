//! A delivery on its way to its next attempt.

use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::time::Millis;

/// A pending delivery as its next attempt needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The event to deliver.
    pub event_id: EventId,
    /// How many attempts were made.
    pub attempts: u32,
    /// How many of them were made before the last retry by hand: the schedule starts again from there.
    pub attempts_base: u32,
    /// When the next attempt is due.
    pub at: Millis,
}
