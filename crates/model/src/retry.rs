//! The retry schedule of deliveries.

use crate::time::Millis;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest deviation of a wait from the schedule, in both directions. Svix uses the same value.
pub const JITTER: f64 = 0.2;

/// The waits between the attempts of a delivery.
///
/// ```
/// use footbridge_model::retry::Schedule;
/// use std::time::Duration;
///
/// let schedule = Schedule::new(vec![Duration::from_secs(10)]);
/// assert_eq!(schedule.wait(1, None, 0.5), Some(Duration::from_secs(10)));
/// assert_eq!(schedule.wait(2, None, 0.5), None, "the second attempt was the last");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Schedule {
    /// A schedule with these waits. The number of attempts is one more.
    pub const fn new(waits: Vec<Duration>) -> Self {
        Self(waits)
    }

    /// The wait after the failed attempt number `attempt` (the first is 1); `None` if that was the last one. `unit` is a
    /// random number in `0.0..1.0` that sets the jitter. The wait that a receiver asked for is limited to the range from
    /// the scheduled wait to twice that wait.
    pub fn wait(&self, attempt: u32, asked: Option<Duration>, unit: f64) -> Option<Duration> {
        let place = usize::try_from(attempt.saturating_sub(1)).ok()?;
        let scheduled = *self.0.get(place)?;
        match asked {
            Some(asked) => Some(asked.clamp(scheduled, scheduled.saturating_mul(2))),
            None => Some(scheduled.mul_f64(1.0 + JITTER * (2.0 * unit - 1.0))),
        }
    }

    /// The longest wait before the next attempt after `made` attempts; zero before the first.
    pub fn longest(&self, made: u32) -> Duration {
        let place = made.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let scheduled = place.and_then(|place| self.0.get(place).or(self.0.last()));
        scheduled.map_or(Duration::ZERO, |scheduled| scheduled.saturating_mul(2))
    }
}

impl Default for Schedule {
    /// Eight attempts over 27 h 35 min, as Standard Webhooks suggests.
    fn default() -> Self {
        Self([5, 300, 1800, 7200, 18_000, 36_000, 36_000].map(Duration::from_secs).to_vec())
    }
}

/// Parses the value of a `Retry-After` header: seconds, or a date. Returns `None` for anything else and for a past date.
pub fn retry_after(value: &str, now: Millis) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.len() <= 10 && value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let date: SystemTime = httpdate::parse_http_date(value).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    since.checked_sub(Duration::from_millis(u64::try_from(now.0).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requested_waits_are_limited_and_junk_is_ignored() {
        let schedule = Schedule::new(vec![Duration::from_secs(10)]);
        for (asked, wait) in [(0, 10), (5, 10), (15, 15), (20, 20), (9999, 20)] {
            let got = schedule.wait(1, Some(Duration::from_secs(asked)), 0.5);
            assert_eq!(got, Some(Duration::from_secs(wait)), "{asked}");
        }
        assert_eq!(schedule.wait(2, None, 0.5), None);
        let now = Millis(784_111_770_000);
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_mins(2)));
        for junk in [
            "",
            "-5",
            "inf",
            "1e30",
            "NaN",
            "5.5",
            "+5",
            "99999999999",
            "soon",
            "Sun, 06 Nov 1990 08:49:37 GMT",
        ] {
            assert_eq!(retry_after(junk, now), None, "{junk}");
        }
        assert!(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now).is_some());
    }

    proptest! {
        #[test]
        fn waits_stay_within_a_fifth_of_the_schedule(attempt in 1_u32..12, unit in 0.0_f64..1.0) {
            let schedule = Schedule::default();
            match schedule.wait(attempt, None, unit) {
                None => prop_assert!(attempt > 7),
                Some(wait) => {
                    let place = usize::try_from(attempt - 1).unwrap();
                    let scheduled = Schedule::default().0[place].as_secs_f64();
                    prop_assert!(wait.as_secs_f64() >= scheduled * 0.799 && wait.as_secs_f64() <= scheduled * 1.201);
                }
            }
        }

        #[test]
        fn no_value_panics(value in ".{0,40}", now in any::<i64>()) {
            let _ = retry_after(&value, Millis(now));
        }
    }
}
