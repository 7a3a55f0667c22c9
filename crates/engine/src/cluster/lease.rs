//! How long this server may rely on its session.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How long after sending the last confirmed beat sends may start.
pub const SEND_FOR: Duration = Duration::from_secs(7);
/// How long after sending the last confirmed beat partitions are held. Other servers end a session no earlier.
pub const HOLD_FOR: Duration = Duration::from_secs(10);

/// The lease of this server's session, counted on its own clock.
#[derive(Debug)]
pub(crate) struct Lease {
    started: Instant,
    /// When the last confirmed beat was sent, in milliseconds after `started`; `u64::MAX` without an end.
    confirmed: AtomicU64,
}

impl Lease {
    /// A lease that never ends: the store admits no other session.
    pub(crate) fn endless() -> Self {
        Self { started: Instant::now(), confirmed: AtomicU64::new(u64::MAX) }
    }

    /// The lease of a session that joined with a request sent at `sent`.
    pub(crate) const fn since(sent: Instant) -> Self {
        Self { started: sent, confirmed: AtomicU64::new(0) }
    }

    /// Extends the lease: a beat that was sent at `sent` is confirmed.
    pub(crate) fn confirm(&self, sent: Instant) {
        let sent = sent.saturating_duration_since(self.started).as_millis();
        // Answers may arrive in another order than their beats were sent. An endless lease stays as it is.
        self.confirmed.fetch_max(u64::try_from(sent).unwrap_or(u64::MAX - 1), Ordering::Relaxed);
    }

    /// Never ends from now on.
    #[cfg(feature = "test")]
    pub(crate) fn confirm_for_ever(&self) {
        self.confirmed.store(u64::MAX, Ordering::Relaxed);
    }

    /// Returns true if a send may start now.
    pub(crate) fn may_send(&self, now: Instant) -> bool {
        self.lasts(SEND_FOR, now)
    }

    /// Returns true if the partitions are still this server's.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        self.lasts(HOLD_FOR, now)
    }

    fn lasts(&self, time: Duration, now: Instant) -> bool {
        match self.confirmed.load(Ordering::Relaxed) {
            u64::MAX => true,
            confirmed => now < self.started + Duration::from_millis(confirmed) + time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_counts_from_the_sending_of_the_last_confirmed_beat() {
        let lease = Lease::since(Instant::now());
        tokio::time::sleep(Duration::from_secs(5)).await;
        let sent = Instant::now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        lease.confirm(sent);
        // An earlier beat that is confirmed later changes nothing.
        lease.confirm(sent - Duration::from_secs(3));
        let at = |seconds| sent + Duration::from_secs(seconds);
        assert_eq!([6, 7].map(|seconds| lease.may_send(at(seconds))), [true, false]);
        assert_eq!([9, 10].map(|seconds| lease.holds(at(seconds))), [true, false]);
        let endless = Lease::endless();
        endless.confirm(sent);
        assert!(endless.may_send(at(1_000_000)));
    }
}
