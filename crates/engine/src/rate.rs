//! How much an app may publish: a token bucket.

use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// A steady rate and the burst above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Events a second.
    pub per_second: f64,
    /// Events at once.
    pub burst: f64,
}

/// The text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is written like `100/s` or `100/s burst 500`")]
pub struct BadRate;

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let mut words = text.split_whitespace();
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n > 0).map(f64::from).ok_or(BadRate);
        let per_second = number(words.next().and_then(|word| word.strip_suffix("/s")).ok_or(BadRate)?)?;
        let burst = match (words.next(), words.next(), words.next()) {
            (None, _, _) => per_second,
            (Some("burst"), Some(burst), None) => number(burst)?,
            _ => return Err(BadRate),
        };
        Ok(Self { per_second, burst })
    }
}

/// What one app has left.
#[derive(Debug, Default)]
pub(crate) struct Bucket(Mutex<Option<(f64, Instant)>>);

impl Bucket {
    /// Takes one event's worth.
    ///
    /// # Errors
    /// The wait until there is one again.
    pub(crate) fn take(&self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (left, since) = state.unwrap_or((rate.burst, now));
        let left = (left + now.duration_since(since).as_secs_f64() * rate.per_second).min(rate.burst);
        let enough = left >= 1.0;
        *state = Some((if enough { left - 1.0 } else { left }, now));
        if enough { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - left) / rate.per_second)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_steady_rate() {
        let rate: Rate = "10/s burst 3".parse().unwrap();
        let (bucket, start) = (Bucket::default(), Instant::now());
        for _ in 0..3 {
            assert!(bucket.take(rate, start).is_ok());
        }
        let wait = bucket.take(rate, start).unwrap_err();
        assert!(wait <= Duration::from_millis(100) && wait > Duration::from_millis(90));
        assert!(bucket.take(rate, start + Duration::from_millis(101)).is_ok());
        for bad in ["", "100", "0/s", "100/m", "100/s burst", "100/s burst 0", "100/s extra 5"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
