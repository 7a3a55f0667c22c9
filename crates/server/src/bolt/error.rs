//! Bolt's error codes: one table with number, HTTP status and title.

use crate::body::BodyError;
use footbridge_engine::{
    AppsError, ChangeError, JournalError, OverQuota, PagePublishError, PageRefusal, PublishError,
    SubscribeError,
};
use footbridge_model::headers::BadHeader;
use footbridge_model::json::JsonError;
use footbridge_model::package::ManifestProblem;
use std::time::Duration;

/// An error code of Bolt's API.
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
    LoopStopped,
    OutcomeUnknown,
    NotAllowed,
    NoAppName,
    AppExists,
    NoSuchApp,
    BadAppName,
    NoPath,
    BadTarget,
    BadPackage,
    AppNotRunning,
    NotInstalled,
    NameTaken,
    RootTaken,
    NothingToRun,
    StartFailed,
    Unknown,
}

impl Code {
    /// All codes, in the order of this list.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 31] = [
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
        Self::LoopStopped,
        Self::OutcomeUnknown,
        Self::NotAllowed,
        Self::NoAppName,
        Self::AppExists,
        Self::NoSuchApp,
        Self::BadAppName,
        Self::NoPath,
        Self::BadTarget,
        Self::BadPackage,
        Self::AppNotRunning,
        Self::NotInstalled,
        Self::NameTaken,
        Self::RootTaken,
        Self::NothingToRun,
        Self::StartFailed,
        Self::Unknown,
    ];

    /// Returns the number, the HTTP status and the title. Numbers 140 to 153 and 421 to 425 are unused in Bolt and defined
    /// here; the others are Bolt's. 148 (key in use) never occurs: a second request with the same key waits for the commit of
    /// the first and repeats its answer.
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
            Self::LoopStopped => (153, 422, "Loop stopped"),
            Self::OutcomeUnknown => (152, 503, "Outcome unknown"),
            Self::NotAllowed => (337, 403, "Not allowed"),
            Self::NoAppName => (400, 400, "App name missing"),
            Self::AppExists => (401, 409, "App installed already"),
            Self::NoSuchApp => (403, 404, "No such app"),
            Self::BadAppName => (405, 400, "Bad app name"),
            Self::NoPath => (410, 400, "App path missing"),
            Self::BadTarget => (414, 400, "Made for another version"),
            Self::BadPackage => (418, 400, "Bad package.json"),
            Self::AppNotRunning => (420, 409, "App not running"),
            Self::NotInstalled => (421, 409, "Not an installed app"),
            Self::NameTaken => (422, 409, "Name taken"),
            Self::RootTaken => (423, 409, "Router's place taken"),
            Self::NothingToRun => (424, 409, "Nothing to run"),
            Self::StartFailed => (425, 502, "App did not start"),
            Self::Unknown => (1000, 500, "Server error"),
        }
    }

    /// The code for a directory that cannot be installed.
    const fn of_manifest(problem: ManifestProblem) -> Self {
        match problem {
            ManifestProblem::NoDirectory => Self::NoPath,
            ManifestProblem::NoName => Self::NoAppName,
            ManifestProblem::BadName => Self::BadAppName,
            ManifestProblem::UnsupportedTarget => Self::BadTarget,
            ManifestProblem::BadPackage => Self::BadPackage,
        }
    }
}

/// An error with a message that says what is wrong and how to correct it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoltError {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Value of `Retry-After`, in seconds.
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

impl From<BodyError> for BoltError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => {
                Self::new(Code::TooLarge, format!("the request is larger than {limit} bytes"))
            }
            BodyError::CutOff => Self::new(Code::BadRequest, "the request ended before it was complete"),
        }
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
            PublishError::OverQuota(_) => {
                Self::later(Code::RateLimited, text, OverQuota::RETRY_AFTER.as_secs())
            }
            PublishError::LoopDetected(_) => Self::new(Code::LoopStopped, text),
            PublishError::KeyMismatch => Self::new(Code::KeyMismatch, text),
            PublishError::Journal(error) => error.into(),
        }
    }
}

impl From<PagePublishError> for BoltError {
    fn from(error: PagePublishError) -> Self {
        let text = error.to_string();
        match error {
            PagePublishError::Publish(error) => error.into(),
            PagePublishError::Refused(PageRefusal::NotListed { .. }) => Self::new(Code::NotAllowed, text),
            PagePublishError::Refused(PageRefusal::TooMuch(wait)) => {
                Self::later(Code::RateLimited, text, whole_seconds(wait))
            }
        }
    }
}

impl From<JournalError> for BoltError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Full => Self::new(Code::JournalFull, error.to_string()),
            JournalError::Busy(why) | JournalError::Unavailable { reason: why, maybe_stored: false } => {
                tracing::warn!(why, "a request found the journal unavailable");
                let text =
                    "the journal is not available at the moment; nothing was accepted, try again shortly";
                Self::later(Code::Unavailable, text, 2)
            }
            JournalError::Unknown(why) | JournalError::Unavailable { reason: why, maybe_stored: true } => {
                tracing::error!(why, "the journal failed while it stored a request");
                let text = "it is not known whether this was stored, because the journal failed; \
                            repeat it with the same Idempotency-Key, otherwise it may be accepted twice";
                Self::later(Code::OutcomeUnknown, text, 5)
            }
            JournalError::Fenced => {
                tracing::warn!("a request found that another server has ended the session of this one");
                let text =
                    "the journal is not available at the moment; nothing was accepted, try again shortly";
                Self::later(Code::Unavailable, text, 2)
            }
            JournalError::Stale => Self::later(Code::Unavailable, error.to_string(), 1),
            JournalError::Stopped(why) => {
                tracing::error!(why, "a request found the journal stopped");
                Self::later(Code::Unavailable, "the journal has stopped; nothing was accepted", 5)
            }
            error => {
                tracing::error!(%error, "the journal failed");
                Self::new(Code::Unknown, "the server could not store it; nothing was accepted")
            }
        }
    }
}

impl From<SubscribeError> for BoltError {
    fn from(error: SubscribeError) -> Self {
        let text = error.to_string();
        match error {
            SubscribeError::Draining(_) => Self::later(Code::Unavailable, text, 1),
            SubscribeError::NotRunning => Self::new(Code::NotRunning, text),
            SubscribeError::Change(error) => error.into(),
        }
    }
}

impl From<ChangeError> for BoltError {
    fn from(error: ChangeError) -> Self {
        let text = error.to_string();
        match error {
            ChangeError::Journal(error) => error.into(),
            ChangeError::TooManyHooks(_) => Self::later(Code::TooManyHooks, text, 60),
            ChangeError::Invalid { member: "type", why } => Self::new(Code::BadType, why),
            ChangeError::Invalid { why, .. } => Self::new(Code::BadRoute, why),
            ChangeError::NotFound(_) | ChangeError::NoApp(_) => Self::new(Code::NoSuchApp, text),
            ChangeError::ManagedByFile(_) => Self::new(Code::NotInstalled, text),
            ChangeError::Exists(_)
            | ChangeError::ManagedByPackage(_)
            | ChangeError::OfServer(_)
            | ChangeError::Seen(_)
            | ChangeError::TokenOfRun(_)
            | ChangeError::NoOverlap { .. }
            | ChangeError::TooManyOverlaps { .. }
            | ChangeError::FileLeftOut { .. } => Self::new(Code::Unknown, text),
        }
    }
}

impl From<AppsError> for BoltError {
    fn from(error: AppsError) -> Self {
        let text = error.to_string();
        let code = match error {
            AppsError::Draining(_) | AppsError::OnAnotherServer(_) => {
                return Self::later(Code::Unavailable, text, 1);
            }
            AppsError::Change(error) => return error.into(),
            AppsError::Start { failure, .. } => {
                return Self::later(Code::StartFailed, text, whole_seconds(failure.again_in));
            }
            AppsError::NoSuchApp(_) => Code::NoSuchApp,
            AppsError::NotInstalled(_) => Code::NotInstalled,
            AppsError::Installed(_) => Code::AppExists,
            AppsError::NameTaken(_) => Code::NameTaken,
            AppsError::Manifest(error) => Code::of_manifest(error.problem),
            AppsError::RootTaken { .. } => Code::RootTaken,
            AppsError::NothingToRun(_) => Code::NothingToRun,
            AppsError::NotRunning(_) | AppsError::SwitchedOff(_) => Code::AppNotRunning,
        };
        Self::new(code, text)
    }
}

/// Rounds up to whole seconds.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_unique() {
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
