//! How long this server may rely on its session.

use footbridge_model::time::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long after sending the last confirmed beat sends may start.
pub const SEND_FOR: Duration = Duration::from_secs(7);
/// How long after sending the last confirmed beat partitions are held. Other servers end a session no earlier.
pub const HOLD_FOR: Duration = Duration::from_secs(10);

/// The lease of this server's session, counted on its own clock, which goes on while the machine sleeps.
#[derive(Debug)]
pub(crate) struct Lease {
    clock: Arc<dyn Clock>,
    started: Duration,
    /// When the last confirmed beat was sent, in milliseconds after `started`; `u64::MAX` without an end.
    confirmed: AtomicU64,
}

impl Lease {
    /// A lease that never ends: the store admits no other session.
    pub(crate) fn endless(clock: Arc<dyn Clock>) -> Self {
        Self { clock, started: Duration::ZERO, confirmed: AtomicU64::new(u64::MAX) }
    }

    /// The lease of a session that joined with a request sent at `sent`.
    pub(crate) const fn since(sent: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { clock, started: sent, confirmed: AtomicU64::new(0) }
    }

    /// Extends the lease: a beat that was sent at `sent` is confirmed.
    pub(crate) fn confirm(&self, sent: Duration) {
        let sent = sent.saturating_sub(self.started).as_millis();
        // Answers may arrive in another order than their beats were sent. An endless lease stays as it is.
        self.confirmed.fetch_max(u64::try_from(sent).unwrap_or(u64::MAX - 1), Ordering::Relaxed);
    }

    /// Never ends from now on.
    #[cfg(feature = "test")]
    pub(crate) fn confirm_for_ever(&self) {
        self.confirmed.store(u64::MAX, Ordering::Relaxed);
    }

    /// Returns true if a send may start now.
    pub(crate) fn may_send(&self) -> bool {
        self.lasts(SEND_FOR)
    }

    /// Returns true if the partitions are still this server's.
    pub(crate) fn holds(&self) -> bool {
        self.lasts(HOLD_FOR)
    }

    fn lasts(&self, time: Duration) -> bool {
        match self.confirmed.load(Ordering::Relaxed) {
            u64::MAX => true,
            confirmed => self.clock.elapsed() < self.started + Duration::from_millis(confirmed) + time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_model::time::Millis;
    use std::sync::Mutex;

    /// A clock that the test sets.
    #[derive(Debug, Default)]
    struct HandClock(Mutex<Duration>);

    impl Clock for HandClock {
        fn now(&self) -> Millis {
            Millis(0)
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn a_lease_counts_from_the_sending_of_the_last_confirmed_beat() {
        const SECOND: Duration = Duration::from_secs(1);
        let clock = Arc::new(HandClock::default());
        let lease = Lease::since(2 * SECOND, clock.clone());
        // The beat that was sent at second 5 is confirmed; an earlier one that is confirmed later changes nothing.
        lease.confirm(5 * SECOND);
        lease.confirm(3 * SECOND);
        let at = |second: u32| {
            *clock.0.lock().unwrap() = second * SECOND;
            (lease.may_send(), lease.holds())
        };
        assert_eq!([at(11), at(12)], [(true, true), (false, true)]);
        assert_eq!([at(14), at(15)], [(false, true), (false, false)]);
        let endless = Lease::endless(clock.clone());
        endless.confirm(SECOND);
        assert!(endless.may_send());
    }
}
