//! The values of terms.

use crate::delivery::DeliveryStatus;
use crate::duration;
use crate::id::{DeliveryId, EventId, ExchangeId, HookId};
use crate::time::Millis;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A time: absolute, relative to now, or of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At this time in UTC.
    At(Millis),
    /// This long before now.
    Ago(Duration),
    /// This many minutes after the last midnight in UTC.
    Today(u16),
}

impl Moment {
    /// The time, given the current time.
    ///
    /// ```
    /// use footbridge_model::query::Moment;
    /// use footbridge_model::time::Millis;
    ///
    /// let now: Millis = "2026-01-31T12:00:00Z".parse().unwrap();
    /// let at = |text: &str| text.parse::<Moment>().unwrap().at(now).to_string();
    /// assert_eq!(at("2h"), "2026-01-31T10:00:00.000Z");
    /// assert_eq!(at("09:30"), "2026-01-31T09:30:00.000Z");
    /// ```
    pub fn at(self, now: Millis) -> Millis {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.minus(span),
            Self::Today(minutes) => {
                let midnight = now.0.saturating_sub(now.0.rem_euclid(DAY_MS));
                Millis(midnight.saturating_add(i64::from(minutes) * 60_000))
            }
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = duration::parse(text) {
            return Ok(Self::Ago(span));
        }
        if let Some(minutes) = minutes(text) {
            return Ok(Self::Today(minutes));
        }
        let at: Result<Millis, _> = text.parse();
        at.map(Self::At)
            .map_err(|error| format!("{error}, or 2h for two hours ago, or 14:30 for today in UTC"))
    }
}

/// Reads a time of day such as `14:30`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str, most: u16| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|number| plain && *number < most)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::Ago(span) => f.write_str(&duration::print(*span)),
            Self::Today(minutes) => write!(f, "{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

/// The status of a delivery or of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusWord {
    /// The status that a delivery has.
    Delivery(DeliveryStatus),
    /// The exchange has not ended yet.
    Running,
    /// The exchange was answered.
    Answered,
    /// The exchange has failed, and its sender got an error.
    Failed,
}

impl StatusWord {
    /// The word in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivery(status) => status.as_str(),
            Self::Running => "running",
            Self::Answered => "answered",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for StatusWord {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let exchange = [Self::Running, Self::Answered, Self::Failed];
        let mut all = DeliveryStatus::ALL.into_iter().map(Self::Delivery).chain(exchange);
        all.find(|word| word.as_str() == text).ok_or(
            "a status is `pending`, `delivered`, `unanswered`, `dead` or `cancelled` for deliveries, and `running`, \
             `answered` or `failed` for exchanges",
        )
    }
}

/// The HTTP status of an answer, or an error code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Exactly this HTTP status.
    Is(u16),
    /// A status that begins with this digit.
    Class(u16),
    /// There was no answer at all.
    None,
    /// This error code of an exchange.
    Word(String),
}

impl Code {
    /// Returns true if an answer of this status matches.
    pub fn matches(&self, status: Option<u16>) -> bool {
        match self {
            Self::Is(wanted) => status == Some(*wanted),
            Self::Class(digit) => status.is_some_and(|status| status / 100 == *digit),
            Self::None => status.is_none(),
            Self::Word(_) => false,
        }
    }
}

impl FromStr for Code {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "none" {
            return Ok(Self::None);
        }
        if let [digit @ b'1'..=b'9', b'x', b'x'] = text.as_bytes() {
            return Ok(Self::Class(u16::from(digit - b'0')));
        }
        if let Some(status) = text.parse().ok().filter(|status| (100..1000).contains(status)) {
            return Ok(Self::Is(status));
        }
        let word = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if word && !text.is_empty() {
            return Ok(Self::Word(text.to_owned()));
        }
        Err(
            "a code is an HTTP status such as `503`, a class such as `5xx`, `none`, or an error code of exchanges such as \
             `EVENT_DELIVERY_FAILED`",
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(status) => status.fmt(f),
            Self::Class(digit) => write!(f, "{digit}xx"),
            Self::None => f.write_str("none"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// The id of an event, a delivery, an exchange or a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyId {
    /// The id of an event.
    Event(EventId),
    /// The id of a delivery.
    Delivery(DeliveryId),
    /// The id of an exchange.
    Exchange(ExchangeId),
    /// The id of a hook.
    Hook(HookId),
}

impl FromStr for AnyId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let event = text.parse().map(Self::Event).ok();
        let delivery = || text.parse().map(Self::Delivery).ok();
        let exchange = || text.parse().map(Self::Exchange).ok();
        let hook = || text.parse().map(Self::Hook).ok();
        event
            .or_else(delivery)
            .or_else(exchange)
            .or_else(hook)
            .ok_or("an id is `evt_`, `dlv_`, `exc_` or `hook_` and thirteen digits or letters")
    }
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(id) => id.fmt(f),
            Self::Delivery(id) => id.fmt(f),
            Self::Exchange(id) => id.fmt(f),
            Self::Hook(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_they_are_read() {
        for text in ["2h", "15m", "09:30", "2026-01-31T12:00:00.000Z"] {
            assert_eq!(text.parse::<Moment>().unwrap().to_string(), text);
        }
        for bad in ["", "24:00", "9:30", "+9:30", "yesterday", "09:60"] {
            let error = bad.parse::<Moment>().unwrap_err();
            assert!(error.contains("2h") && error.contains("14:30"), "{bad}: {error}");
        }
        for text in ["503", "5xx", "none", "EVENT_DELIVERY_FAILED"] {
            assert_eq!(text.parse::<Code>().unwrap().to_string(), text);
        }
        for bad in ["", "5XX", "99", "xxx", "1000", "unauthorized"] {
            assert!(bad.parse::<Code>().is_err(), "{bad}");
        }
        for text in ["evt_0000000000001", "dlv_0000000000001", "exc_0000000000001", "hook_0000000000001"] {
            assert_eq!(text.parse::<AnyId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn codes_match_the_last_answer() {
        let matches = |code: &str, status| code.parse::<Code>().unwrap().matches(status);
        assert!(matches("503", Some(503)) && matches("5xx", Some(503)) && matches("none", None));
        assert!(!matches("503", None) && !matches("5xx", Some(403)) && !matches("none", Some(200)));
    }
}
