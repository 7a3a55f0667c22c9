//! The result of one attempt.

use crate::publish::PreparedEvent;
use footbridge_model::attempt::{Failure, FailureKind};
use footbridge_model::delivery::{Attempt, Outcome};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// The result of one attempt.
#[derive(Debug)]
pub(super) enum AttemptResult {
    /// The attempt was made.
    Made(Attempt, Outcome),
    /// A function was called and returned; these are the events that it published.
    Published(Attempt, Outcome, Vec<PreparedEvent>),
    /// The server itself could not make the attempt. It does not count, and is made later.
    Postponed {
        /// The reason, for anybody.
        reason: &'static str,
        /// Further details for the log.
        detail: String,
    },
    /// No attempt was made, because this app has to be started first.
    AppNotRunning(AppName),
    /// No attempt was made, and the delivery is cancelled for this reason.
    Cancelled(&'static str),
    /// No attempt was made, because the delivery bypasses its lane.
    Bypassed,
}

/// Why no attempt can be made.
#[derive(Debug)]
pub(super) enum NotMade {
    /// The attempt counts as made, with this failure.
    Failed(Failure),
    /// As in [`AttemptResult::Postponed`].
    Postponed {
        /// The reason, for anybody.
        reason: &'static str,
        /// Further details for the log.
        detail: String,
    },
    /// As in [`AttemptResult::AppNotRunning`].
    AppNotRunning(AppName),
    /// As in [`AttemptResult::Cancelled`].
    Cancelled(&'static str),
}

impl From<NotMade> for AttemptResult {
    fn from(not_made: NotMade) -> Self {
        match not_made {
            NotMade::Failed(failure) => Self::made(Outcome::Failed(failure)),
            NotMade::Postponed { reason, detail } => Self::Postponed { reason, detail },
            NotMade::AppNotRunning(app) => Self::AppNotRunning(app),
            NotMade::Cancelled(reason) => Self::Cancelled(reason),
        }
    }
}

impl AttemptResult {
    /// An attempt with this outcome; [`Self::stamped`] fills in number, time and duration.
    pub(super) const fn made(outcome: Outcome) -> Self {
        Self::Made(UNSTAMPED, outcome)
    }

    /// Postpones an attempt that failed because this server lacks descriptors, memory or ports.
    pub(super) fn postpone_if_local(self) -> Self {
        match self {
            Self::Made(_, Outcome::Failed(failure)) if failure.kind == FailureKind::Local => {
                let reason = "this server is short of something";
                Self::Postponed { reason, detail: failure.detail }
            }
            other => other,
        }
    }

    /// Fills in the number of the attempt, when it started, and how many milliseconds it took.
    pub(super) fn stamped(self, n: u32, at: Millis, ms: u32) -> Self {
        let stamp = |attempt: Attempt, outcome: &Outcome| Attempt {
            n,
            at,
            status: outcome.status(),
            error: outcome.error(),
            ms,
            output: attempt.output,
            answer: attempt.answer,
        };
        match self {
            Self::Made(attempt, outcome) => Self::Made(stamp(attempt, &outcome), outcome),
            Self::Published(attempt, outcome, events) => {
                Self::Published(stamp(attempt, &outcome), outcome, events)
            }
            other => other,
        }
    }
}

/// Placeholder attempt; [`AttemptResult::stamped`] fills in number, time and duration.
pub(super) const UNSTAMPED: Attempt =
    Attempt { n: 0, at: Millis(0), status: None, error: None, ms: 0, output: None, answer: None };
