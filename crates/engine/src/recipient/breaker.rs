//! Stops sending exchanges to a recipient that cannot be reached, and probes it now and then.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How far back attempts count.
const WINDOW: Duration = Duration::from_secs(30);
/// A window is counted in slices of this length.
const SLICE: Duration = Duration::from_secs(3);
/// The fewest attempts that can open it.
const LEAST: u32 = 20;
/// The share of failed ones, in percent, that opens it.
const SHARE: u32 = 70;
/// How long it stays open before a probe.
pub(crate) const PROBE_AFTER: Duration = Duration::from_secs(5);

/// Counts attempts; only those that were refused, reset or timed out count against a recipient.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    slices: VecDeque<Slice>,
    probe_at: Option<Instant>,
}

#[derive(Debug)]
struct Slice {
    begin: Instant,
    attempts: u32,
    failed: u32,
}

impl Breaker {
    /// Whether an exchange may be sent now; while open, one every [`PROBE_AFTER`] may.
    ///
    /// # Errors
    /// The wait until the next probe.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state();
        match state.probe_at {
            Some(at) if now < at => Err(at - now),
            Some(_) => {
                // Others wait while this one probes.
                state.probe_at = Some(now + PROBE_AFTER);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Counts an attempt.
    pub(crate) fn record(&self, reached: bool, now: Instant) {
        let mut state = self.state();
        if reached && state.probe_at.take().is_some() {
            state.slices.clear();
        }
        while state.slices.front().is_some_and(|slice| now.duration_since(slice.begin) >= WINDOW) {
            state.slices.pop_front();
        }
        match state.slices.back_mut() {
            Some(slice) if now.duration_since(slice.begin) < SLICE => {
                slice.attempts += 1;
                slice.failed += u32::from(!reached);
            }
            _ => state.slices.push_back(Slice { begin: now, attempts: 1, failed: u32::from(!reached) }),
        }
        let (attempts, failed) =
            state.slices.iter().fold((0, 0), |(all, bad), slice| (all + slice.attempts, bad + slice.failed));
        if !reached && attempts >= LEAST && failed * 100 >= attempts * SHARE {
            state.probe_at = Some(now + PROBE_AFTER);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_on_unreachable_recipients_and_closes_on_an_answer() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..19 {
            breaker.record(false, now);
        }
        assert!(breaker.admit(now).is_ok());
        breaker.record(false, now);
        assert_eq!(breaker.admit(now), Err(PROBE_AFTER));
        now += PROBE_AFTER;
        assert!(breaker.admit(now).is_ok(), "a probe");
        assert!(breaker.admit(now).is_err(), "one at a time");
        breaker.record(true, now);
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn old_failures_and_answers_keep_it_closed() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..19 {
            breaker.record(false, now);
        }
        now += WINDOW;
        breaker.record(false, now);
        assert!(breaker.admit(now).is_ok());
        for _ in 0..20 {
            breaker.record(true, now);
        }
        for _ in 0..20 {
            breaker.record(false, now);
        }
        assert!(breaker.admit(now).is_ok(), "half of them failed");
    }
}
