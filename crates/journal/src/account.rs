//! The accounting identity, by which anyone can check that nothing is lost.

use footbridge_model::delivery::DeliveryStatus;

/// Deliveries by status, including those that retention has deleted.
///
/// ```
/// use footbridge_journal::Account;
///
/// let account = Account { accepted: 3, delivered: 2, pending: 1, ..Account::default() };
/// assert!(account.balances());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Deliveries of accepted events.
    pub accepted: u64,
    /// Waiting for an attempt, or in one.
    pub pending: u64,
    /// Answered with a 2xx.
    pub delivered: u64,
    /// Sent but not answered, to a hook that allows it.
    pub unanswered: u64,
    /// Given up after the last attempt.
    pub dead: u64,
    /// Cancelled with their hook.
    pub cancelled: u64,
}

impl Account {
    /// The number of deliveries with this status.
    pub const fn count(&self, status: DeliveryStatus) -> u64 {
        match status {
            DeliveryStatus::Pending => self.pending,
            DeliveryStatus::Delivered => self.delivered,
            DeliveryStatus::Unanswered => self.unanswered,
            DeliveryStatus::Dead => self.dead,
            DeliveryStatus::Cancelled => self.cancelled,
        }
    }

    /// The counter of this status.
    pub const fn count_mut(&mut self, status: DeliveryStatus) -> &mut u64 {
        match status {
            DeliveryStatus::Pending => &mut self.pending,
            DeliveryStatus::Delivered => &mut self.delivered,
            DeliveryStatus::Unanswered => &mut self.unanswered,
            DeliveryStatus::Dead => &mut self.dead,
            DeliveryStatus::Cancelled => &mut self.cancelled,
        }
    }

    /// Returns true if every accepted delivery is in exactly one status.
    pub const fn balances(&self) -> bool {
        self.accepted == self.pending + self.delivered + self.unanswered + self.dead + self.cancelled
    }
}
