//! Times in the filters of lists.

use footbridge_model::duration;
use footbridge_model::time::Millis;
use std::str::FromStr;
use std::time::Duration;

/// A time, absolute or relative to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeFilter {
    At(Millis),
    Ago(Duration),
}

impl TimeFilter {
    /// Returns the time, given the current time.
    pub(super) fn at(self, now: Millis) -> Millis {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.minus(span),
        }
    }
}

impl FromStr for TimeFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = duration::parse(text) {
            return Ok(Self::Ago(span));
        }
        text.parse().map(Self::At).map_err(|error| format!("{error}, or 2h for two hours ago"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_and_relative_times_are_read() {
        let now = Millis(10_000_000);
        assert_eq!("1h".parse::<TimeFilter>().unwrap().at(now), Millis(6_400_000));
        assert_eq!("1970-01-01T00:00:01Z".parse::<TimeFilter>().unwrap().at(now), Millis(1000));
        let error = "yesterday".parse::<TimeFilter>().unwrap_err();
        assert!(error.contains("2026-01-31T12:00:00Z") && error.contains("2h"), "{error}");
    }
}
