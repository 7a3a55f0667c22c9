//! Back-off: when an app may be started again after failures.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// An app counts as failing after this many failed starts or crashes…
const STARTS: usize = 5;
/// …within this time.
const WITHIN: Duration = Duration::from_secs(10);
/// Delay after a single failed start.
const SHORT: Duration = Duration::from_secs(1);
/// First delay of a failing app. It doubles with each further failure…
const FIRST: Duration = Duration::from_secs(10);
/// …up to this limit.
const LONGEST: Duration = Duration::from_mins(5);
/// A run that lasts this long clears the back-off.
const LASTED: Duration = Duration::from_mins(1);

/// The recent failures of an app.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Start times of the runs that failed or crashed.
    recent: VecDeque<Instant>,
    /// Number of consecutive failures since the app counts as failing; 0 if it does not.
    level: u32,
    until: Option<Instant>,
    /// Reason of the last failure.
    why: String,
}

impl Backoff {
    /// Returns the remaining delay before the next start and its reason; `None` if a start is allowed.
    pub(super) fn blocked_for(&self, now: Instant) -> Option<(Duration, &str)> {
        let left = self.until?.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((left, &self.why))
    }

    /// Records a start that began at `began` and failed. Returns the delay before the next start.
    pub(super) fn failed(&mut self, began: Instant, now: Instant, why: &str) -> Duration {
        let wait = self.count(began, now).unwrap_or(SHORT);
        self.hold(now + wait, why);
        wait
    }

    /// Records a run that ended by itself.
    pub(super) fn crashed(&mut self, began: Instant, now: Instant, why: &str) {
        if now.duration_since(began) >= LASTED {
            *self = Self::default();
            return;
        }
        if let Some(wait) = self.count(began, now) {
            self.hold(now + wait, why);
        }
    }

    /// Records a run that was stopped on request.
    pub(super) fn stopped(&mut self, began: Instant, now: Instant) {
        if now.duration_since(began) >= LASTED {
            *self = Self::default();
        }
    }

    /// Returns true if no failure is recorded.
    pub(super) fn is_clean(&self) -> bool {
        self.level == 0 && self.recent.is_empty()
    }

    fn hold(&mut self, until: Instant, why: &str) {
        self.until = Some(until);
        why.clone_into(&mut self.why);
    }

    /// Counts one failure. Returns the delay if the app counts as failing.
    fn count(&mut self, began: Instant, now: Instant) -> Option<Duration> {
        self.recent.push_back(began);
        while self.recent.len() > STARTS {
            self.recent.pop_front();
        }
        let burst = self.recent.len() == STARTS
            && self.recent.front().is_some_and(|first| now.duration_since(*first) <= WITHIN);
        if self.level == 0 && !burst {
            return None;
        }
        self.level += 1;
        let doubled = FIRST.saturating_mul(1 << (self.level - 1).min(8));
        Some(doubled.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn five_failures_in_ten_seconds_start_a_delay_that_doubles() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..4 {
            assert_eq!(backoff.failed(at(second), at(second), "bad"), Duration::from_secs(1));
        }
        let mut now = 4;
        for wait in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(backoff.failed(at(now), at(now), "bad"), Duration::from_secs(wait));
            assert_eq!(backoff.blocked_for(at(now)), Some((Duration::from_secs(wait), "bad")));
            now += wait;
            assert_eq!(backoff.blocked_for(at(now)), None);
        }
        backoff.crashed(at(now), at(now + 60), "late");
        assert!(backoff.is_clean());
    }

    #[test]
    fn occasional_crashes_cause_no_delay() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        for second in (0..100).step_by(4) {
            let at = start + Duration::from_secs(second);
            backoff.crashed(at, at, "oops");
            assert_eq!(backoff.blocked_for(at), None);
        }
    }
}
