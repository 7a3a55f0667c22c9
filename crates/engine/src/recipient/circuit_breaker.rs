//! Stops sending exchanges to a receiver that cannot be reached, and probes it now and then.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an attempt counts.
const WINDOW: Duration = Duration::from_secs(30);
/// The window is counted in slices of this length.
const SLICE: Duration = Duration::from_secs(3);
/// The circuit does not open before this many attempts.
const MIN_ATTEMPTS: u32 = 20;
/// The circuit opens at this share of failed attempts, in percent.
const MAX_FAILED_PERCENT: u32 = 70;
/// The time between two probes while the circuit is open.
pub(crate) const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// Counts attempts to one receiver. Only refused, reset and timed-out attempts count as failed.
#[derive(Debug, Default)]
pub(crate) struct CircuitBreaker(Mutex<CircuitState>);

#[derive(Debug, Default)]
struct CircuitState {
    slices: VecDeque<Slice>,
    /// When the next probe may be sent; `None` while the circuit is closed.
    probe_at: Option<Instant>,
}

#[derive(Debug)]
struct Slice {
    begin: Instant,
    attempts: u32,
    failed: u32,
}

impl CircuitBreaker {
    /// Allows an exchange to be sent now. While the circuit is open, one exchange every [`PROBE_INTERVAL`] is allowed as
    /// a probe.
    ///
    /// # Errors
    /// The time until the next probe.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        match state.probe_at {
            Some(at) if now < at => Err(at - now),
            Some(_) => {
                // This exchange is the probe; the others wait for the next one.
                state.probe_at = Some(now + PROBE_INTERVAL);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Returns true while the circuit is open.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().probe_at.is_some()
    }

    /// Counts an attempt, and opens or closes the circuit.
    pub(crate) fn record(&self, reached: bool, now: Instant) {
        let mut state = self.lock();
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
        let (attempts, failed) = state
            .slices
            .iter()
            .fold((0, 0), |(attempts, failed), slice| (attempts + slice.attempts, failed + slice.failed));
        if !reached && attempts >= MIN_ATTEMPTS && failed * 100 >= attempts * MAX_FAILED_PERCENT {
            state.probe_at = Some(now + PROBE_INTERVAL);
        }
    }

    fn lock(&self) -> MutexGuard<'_, CircuitState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_circuit_opens_when_attempts_fail_and_closes_on_an_answer() {
        let (breaker, mut now) = (CircuitBreaker::default(), Instant::now());
        for _ in 0..19 {
            breaker.record(false, now);
        }
        assert!(breaker.admit(now).is_ok());
        breaker.record(false, now);
        assert_eq!(breaker.admit(now), Err(PROBE_INTERVAL));
        now += PROBE_INTERVAL;
        assert!(breaker.admit(now).is_ok(), "a probe");
        assert!(breaker.admit(now).is_err(), "one at a time");
        breaker.record(true, now);
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn old_failures_and_answers_keep_the_circuit_closed() {
        let (breaker, mut now) = (CircuitBreaker::default(), Instant::now());
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
