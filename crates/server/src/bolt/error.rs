//! Bolt's error codes: one table of code, status and what a user is told.

use footbridge_engine::{ChangeError, JournalError, PublishError, SubscribeError};
use footbridge_model::headers::BadHeader;
use footbridge_model::json::JsonError;

/// What a call of the Events API can end with instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    NoSuchEndpoint,
    NoToken,
    BadToken,
    BadName,
    BadRoute,
    BadType,
    BadRequest,
    TooLarge,
    NotRunning,
    RateLimited,
    KeyMismatch,
    TooManyHooks,
    Unavailable,
    JournalFull,
    Unknown,
}

impl Code {
    /// Every code.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 15] = [
        Self::NoSuchEndpoint,
        Self::NoToken,
        Self::BadToken,
        Self::BadName,
        Self::BadRoute,
        Self::BadType,
        Self::BadRequest,
        Self::TooLarge,
        Self::NotRunning,
        Self::RateLimited,
        Self::KeyMismatch,
        Self::TooManyHooks,
        Self::Unavailable,
        Self::JournalFull,
        Self::Unknown,
    ];

    /// Bolt's number for it, its HTTP status and its title. 103, 110, 113 and 1000 are Bolt's own;
    /// 140 to 151 are free in Bolt and ours. 148 (key in use) is never needed: a second request with the
    /// same key waits for the first one's commit and repeats its answer.
    pub(crate) const fn row(self) -> (u16, u16, &'static str) {
        match self {
            Self::NoSuchEndpoint => (103, 404, "No such endpoint"),
            Self::NoToken => (110, 401, "App token missing"),
            Self::BadToken => (113, 401, "App token unknown"),
            Self::BadName => (140, 400, "Bad event name or hook pattern"),
            Self::BadRoute => (141, 400, "Bad route"),
            Self::BadType => (142, 400, "Unknown hook type"),
            Self::BadRequest => (143, 400, "Bad request"),
            Self::TooLarge => (144, 413, "Request too large"),
            Self::NotRunning => (145, 409, "App not running"),
            Self::RateLimited => (146, 429, "Too many events"),
            Self::KeyMismatch => (147, 422, "Idempotency key reused"),
            Self::TooManyHooks => (149, 429, "Too many hooks"),
            Self::Unavailable => (150, 503, "Try again shortly"),
            Self::JournalFull => (151, 507, "Storage full"),
            Self::Unknown => (1000, 500, "Server error"),
        }
    }
}

/// An error with what is wrong and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoltError {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl BoltError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    fn later(code: Code, message: impl Into<String>, seconds: u64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..Self::new(code, message) }
    }
}

impl From<JsonError> for BoltError {
    fn from(error: JsonError) -> Self {
        Self::new(Code::BadRequest, error.to_string())
    }
}

impl From<BadHeader> for BoltError {
    fn from(error: BadHeader) -> Self {
        Self::new(Code::BadRequest, error.to_string())
    }
}

impl From<PublishError> for BoltError {
    fn from(error: PublishError) -> Self {
        let text = error.to_string();
        match error {
            PublishError::Draining => Self::later(Code::Unavailable, text, 1),
            PublishError::RateLimited(wait) => Self::later(Code::RateLimited, text, wait.as_secs() + 1),
            PublishError::KeyMismatch => Self::new(Code::KeyMismatch, text),
            PublishError::Journal(error) => error.into(),
        }
    }
}

impl From<JournalError> for BoltError {
    fn from(error: JournalError) -> Self {
        if error == JournalError::Full {
            return Self::new(Code::JournalFull, error.to_string());
        }
        tracing::error!(%error, "the journal failed");
        Self::new(Code::Unknown, "the server could not keep it; nothing was accepted")
    }
}

impl From<SubscribeError> for BoltError {
    fn from(error: SubscribeError) -> Self {
        let text = error.to_string();
        match error {
            SubscribeError::Draining(_) => Self::later(Code::Unavailable, text, 1),
            SubscribeError::NotRunning => Self::new(Code::NotRunning, text),
            SubscribeError::Change(ChangeError::Journal(error)) => error.into(),
            SubscribeError::Change(ChangeError::TooManyHooks(_)) => Self::later(Code::TooManyHooks, text, 60),
            SubscribeError::Change(ChangeError::Invalid { member: "type", why }) => {
                Self::new(Code::BadType, why)
            }
            SubscribeError::Change(ChangeError::Invalid { why, .. }) => Self::new(Code::BadRoute, why),
            SubscribeError::Change(_) => Self::new(Code::Unknown, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        let mut numbers: Vec<u16> = Code::ALL.iter().map(|code| code.row().0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_is_explained() {
        let page = include_str!("../../../../docs/errors/events.md");
        for code in Code::ALL {
            let (number, status, _) = code.row();
            assert!(page.contains(&format!("| {number} | {status} |")), "{number}");
        }
    }
}
