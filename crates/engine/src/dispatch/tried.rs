//! What an attempt came to.

use crate::publish::PreparedEvent;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::delivery::{Attempt, Outcome};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// What an attempt came to.
#[derive(Debug)]
pub(super) enum Tried {
    /// It was made.
    Made(Attempt, Outcome),
    /// A function was called and ended well, and this is what it published.
    Published(Attempt, Outcome, Vec<PreparedEvent>),
    /// The server itself could not make it, and the delivery stays as it is: why, and what the log tells besides.
    NotNow(&'static str, String),
    /// This app has to be started first.
    Asleep(AppName),
    /// It is not to be made any more.
    Cancelled(&'static str),
    /// It is made past its lane.
    Elsewhere,
}

/// What is to be done instead of an attempt.
#[derive(Debug)]
pub(super) enum Instead {
    /// It counts as made, and failed.
    Failed(Failure),
    /// See [`Tried::NotNow`].
    NotNow(&'static str, String),
    /// See [`Tried::Asleep`].
    Asleep(AppName),
    /// See [`Tried::Cancelled`].
    Cancelled(&'static str),
}

impl From<Instead> for Tried {
    fn from(instead: Instead) -> Self {
        match instead {
            Instead::Failed(failure) => Self::failed(failure),
            Instead::NotNow(why, detail) => Self::NotNow(why, detail),
            Instead::Asleep(app) => Self::Asleep(app),
            Instead::Cancelled(why) => Self::Cancelled(why),
        }
    }
}

impl Tried {
    /// An attempt that ended in this; when and how long is said by whoever made it.
    pub(super) const fn made(outcome: Outcome) -> Self {
        Self::Made(BLANK, outcome)
    }

    /// An attempt that ends before anything is sent.
    const fn failed(failure: Failure) -> Self {
        Self::made(Outcome::Failed(failure))
    }

    /// What this server could not try for want of something of its own is tried later, and does not count.
    pub(super) fn or_later(self) -> Self {
        match self {
            Self::Made(_, Outcome::Failed(failure)) if failure.kind == FailureKind::Local => {
                Self::NotNow("this server is short of something", failure.detail)
            }
            other => other,
        }
    }

    /// The same with its number, its time and how long it took.
    pub(super) fn dated(self, n: u32, at: Millis, ms: u32) -> Self {
        let date = |attempt: Attempt, outcome: &Outcome| Attempt {
            n,
            at,
            status: outcome.status(),
            error: outcome.error(),
            ms,
            output: attempt.output,
        };
        match self {
            Self::Made(attempt, outcome) => Self::Made(date(attempt, &outcome), outcome),
            Self::Published(attempt, outcome, events) => {
                Self::Published(date(attempt, &outcome), outcome, events)
            }
            other => other,
        }
    }
}

/// An attempt of which nothing is known yet but what is said beside it.
pub(super) const BLANK: Attempt =
    Attempt { n: 0, at: Millis(0), status: None, error: None, ms: 0, output: None };
