//! The only words for wall-clock time, and the port through which it is read.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Wall-clock time in milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// This time plus `wait`, saturating at the ends of the scale.
    pub fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This time minus `span`, saturating at the ends of the scale.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long from this time until `later`; zero when `later` has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// Whole seconds since the epoch, as Standard Webhooks' `webhook-timestamp` wants them.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// ISO-8601 in UTC with milliseconds, as JavaScript's `toISOString` writes it.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        let milli = self.0.rem_euclid(1000);
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z", u8::from(month))
    }
}

/// The text names no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time; write one such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31 (in UTC)")]
pub struct BadTime(String);

impl FromStr for Millis {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let at =
            OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| BadTime(text.chars().take(64).collect()))?;
        i64::try_from(at.unix_timestamp_nanos() / 1_000_000).map(Self).map_err(|_| BadTime(whole))
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the time of day comes from, so that a simulation can set it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day.
    fn now(&self) -> Millis;

    /// Why the time of day is not what the machine says, while that is so: for operators.
    fn doubt(&self) -> Option<String> {
        None
    }
}

/// Where randomness comes from, so that a simulation can seed it.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes` with randomness fit for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A number evenly spread over `0.0..1.0`.
    fn unit(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in ["2026-01-31T12:00:00.250Z", "1970-01-01T00:00:00.000Z"] {
            assert_eq!(text.parse::<Millis>().unwrap().to_string(), text);
        }
        assert_eq!("2026-01-31".parse::<Millis>().unwrap().to_string(), "2026-01-31T00:00:00.000Z");
        assert_eq!(
            "2026-01-31T12:00:00+02:00".parse::<Millis>().unwrap().to_string(),
            "2026-01-31T10:00:00.000Z"
        );
        for bad in ["", "now", "2026-01-32", "2026-01-31 12:00", "1769860800"] {
            assert!(bad.parse::<Millis>().is_err(), "{bad}");
        }
    }
}
