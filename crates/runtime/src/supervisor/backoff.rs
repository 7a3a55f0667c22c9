//! When an app may be started again.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// This many starts that came to nothing…
const STARTS: usize = 5;
/// …within this time make an app count as failed.
const WITHIN: Duration = Duration::from_secs(10);
/// After a single start that failed.
const SHORT: Duration = Duration::from_secs(1);
/// A failed app waits this long, then twice as long each time…
const FIRST: Duration = Duration::from_secs(10);
/// …but no longer than this.
const LONGEST: Duration = Duration::from_mins(5);
/// A run that lasted this long wipes the slate.
const LASTED: Duration = Duration::from_mins(1);

/// What is remembered of an app's starts.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// When starts were begun that ended in a failure or a crash.
    recent: VecDeque<Instant>,
    /// How often in a row it was found to have failed; 0 for an app in good health.
    level: u32,
    until: Option<Instant>,
    /// Why the last start or run failed.
    why: String,
}

impl Backoff {
    /// How long no start is to be tried, and why.
    pub(super) fn refuses(&self, now: Instant) -> Option<(Duration, &str)> {
        let left = self.until?.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((left, &self.why))
    }

    /// A start, begun at `begun`, failed. Gives how long no other is to be tried.
    pub(super) fn failed(&mut self, begun: Instant, now: Instant, why: &str) -> Duration {
        let wait = self.count(begun, now).unwrap_or(SHORT);
        self.hold(now + wait, why);
        wait
    }

    /// A run ended by itself.
    pub(super) fn crashed(&mut self, begun: Instant, now: Instant, why: &str) {
        if now.duration_since(begun) >= LASTED {
            *self = Self::default();
            return;
        }
        if let Some(wait) = self.count(begun, now) {
            self.hold(now + wait, why);
        }
    }

    /// A run was stopped, or an operator stepped in.
    pub(super) fn stopped(&mut self, begun: Instant, now: Instant) {
        if now.duration_since(begun) >= LASTED {
            *self = Self::default();
        }
    }

    /// Whether there is anything to remember.
    pub(super) fn is_clean(&self) -> bool {
        self.level == 0 && self.recent.is_empty()
    }

    fn hold(&mut self, until: Instant, why: &str) {
        self.until = Some(until);
        why.clone_into(&mut self.why);
    }

    /// Counts one more; how long to wait when the app counts as failed.
    fn count(&mut self, begun: Instant, now: Instant) -> Option<Duration> {
        self.recent.push_back(begun);
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
    fn five_in_ten_seconds_are_a_failure_that_doubles() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..4 {
            assert_eq!(backoff.failed(at(second), at(second), "bad"), Duration::from_secs(1));
        }
        let mut now = 4;
        for wait in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(backoff.failed(at(now), at(now), "bad"), Duration::from_secs(wait));
            assert_eq!(backoff.refuses(at(now)), Some((Duration::from_secs(wait), "bad")));
            now += wait;
            assert_eq!(backoff.refuses(at(now)), None);
        }
        backoff.crashed(at(now), at(now + 60), "late");
        assert!(backoff.is_clean());
    }

    #[test]
    fn a_crash_now_and_then_may_start_again_at_once() {
        let (mut backoff, start) = (Backoff::default(), Instant::now());
        for second in (0..100).step_by(4) {
            let at = start + Duration::from_secs(second);
            backoff.crashed(at, at, "oops");
            assert_eq!(backoff.refuses(at), None);
        }
    }
}
