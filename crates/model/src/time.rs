//! Wall-clock time, and the ports for the clock and for randomness.

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
    /// This time plus `wait`; saturates.
    pub fn plus(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This time minus `span`; saturates.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The duration from this time until `later`; zero if `later` is in the past.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// Whole seconds since the epoch, for `webhook-timestamp` of Standard Webhooks.
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

/// The text is not a time.
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

/// The source of the time of day. A simulation sets it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day.
    fn now(&self) -> Millis;

    /// The time since a fixed moment. Nobody sets this clock, and it goes on while the machine sleeps: leases are
    /// counted on it.
    fn elapsed(&self) -> Duration;

    /// The reason why the time of day differs from the machine's clock, if it does; for the operator.
    fn doubt(&self) -> Option<String> {
        None
    }
}

/// The source of randomness. A simulation seeds it.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes` with randomness that is good enough for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A random number, uniformly distributed over `0.0..1.0`.
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
    fn times_are_parsed_as_they_are_printed() {
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
