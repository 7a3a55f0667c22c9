//! The publish rate of an app: a token bucket.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// A steady rate and the burst above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Events per second.
    pub per_second: f64,
    /// The number of events that may be published at once.
    pub burst: f64,
}

/// Limits on the deliveries that events of an app cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The largest number of deliveries of events that one event has caused, directly or indirectly.
    pub chain: u64,
    /// The largest number of pending deliveries of one app's events.
    pub backlog: u64,
    /// The largest number of bytes of one app's events that are pending.
    pub bytes: u64,
}

/// The tokens of one app.
#[derive(Debug, Default)]
pub(crate) struct Bucket(Mutex<Option<(f64, Instant)>>);

impl Bucket {
    /// Takes tokens for `events` events, all or none.
    ///
    /// # Errors
    /// The wait until there are enough tokens.
    pub(crate) fn take(&self, rate: Rate, events: u32, now: Instant) -> Result<(), Duration> {
        let wanted = f64::from(events);
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (left, since) = state.unwrap_or((rate.burst, now));
        let left = (left + now.duration_since(since).as_secs_f64() * rate.per_second).min(rate.burst);
        let enough = left >= wanted;
        *state = Some((if enough { left - wanted } else { left }, now));
        if enough { Ok(()) } else { Err(Duration::from_secs_f64((wanted - left) / rate.per_second)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_steady_rate() {
        let rate = Rate { per_second: 10.0, burst: 3.0 };
        let (bucket, start) = (Bucket::default(), Instant::now());
        for _ in 0..3 {
            assert!(bucket.take(rate, 1, start).is_ok());
        }
        let wait = bucket.take(rate, 1, start).unwrap_err();
        assert!(wait <= Duration::from_millis(100) && wait > Duration::from_millis(90));
        assert!(bucket.take(rate, 1, start + Duration::from_millis(101)).is_ok());
        assert!(bucket.take(rate, 2, start + Duration::from_millis(201)).is_err(), "all of them or none");
        assert!(bucket.take(rate, 1, start + Duration::from_millis(201)).is_ok());
    }
}
