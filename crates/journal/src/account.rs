//! The accounting identity, by which anyone can check that nothing is lost.

use footbridge_model::delivery::DeliveryStatus;

/// Deliveries by where they stand; counts all there ever were, those no longer kept included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Deliveries made with an accepted event.
    pub accepted: u64,
    /// Waiting or in an attempt.
    pub pending: u64,
    /// Answered with a 2xx.
    pub delivered: u64,
    /// Sent whole, not answered, which the hook allows.
    pub unanswered: u64,
    /// Given up.
    pub dead: u64,
    /// Ended with their hook.
    pub cancelled: u64,
}

impl Account {
    /// How many stand at `status`.
    pub const fn count(&self, status: DeliveryStatus) -> u64 {
        match status {
            DeliveryStatus::Pending => self.pending,
            DeliveryStatus::Delivered => self.delivered,
            DeliveryStatus::Unanswered => self.unanswered,
            DeliveryStatus::Dead => self.dead,
            DeliveryStatus::Cancelled => self.cancelled,
        }
    }

    /// The place that counts `status`.
    pub const fn count_mut(&mut self, status: DeliveryStatus) -> &mut u64 {
        match status {
            DeliveryStatus::Pending => &mut self.pending,
            DeliveryStatus::Delivered => &mut self.delivered,
            DeliveryStatus::Unanswered => &mut self.unanswered,
            DeliveryStatus::Dead => &mut self.dead,
            DeliveryStatus::Cancelled => &mut self.cancelled,
        }
    }

    /// Whether the identity holds.
    pub const fn balances(&self) -> bool {
        self.accepted == self.pending + self.delivered + self.unanswered + self.dead + self.cancelled
    }
}
