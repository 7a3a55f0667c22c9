//! One event on its way to one hook, and what its attempts make of it.

use crate::attempt::{Failure, FailureKind};
use crate::hook::AnswerRule;
use crate::id::{DeliveryId, EventId, HookId};
use crate::retry::Schedule;
use crate::time::Millis;
use serde::Serialize;
use std::str::FromStr;
use std::time::Duration;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Waiting for its first or next attempt, or in one.
    Pending,
    /// The receiver answered with a 2xx.
    Delivered,
    /// Sent whole to a receiver that need not answer, and did not.
    Unanswered,
    /// Given up; it can be retried by hand.
    Dead,
    /// Its hook is gone or disabled.
    Cancelled,
}

impl DeliveryStatus {
    /// Every status, in the order of their meaning.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Delivered, Self::Unanswered, Self::Dead, Self::Cancelled];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Unanswered => "unanswered",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The text names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery's status is `pending`, `delivered`, `unanswered`, `dead` or `cancelled`")]
pub struct BadStatus;

impl FromStr for DeliveryStatus {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, BadStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(BadStatus)
    }
}

/// A delivery as the journal keeps it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// What is delivered.
    pub event_id: EventId,
    /// To which hook.
    pub hook_id: HookId,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the next is due; only while pending.
    pub next_attempt_at: Option<Millis>,
    /// The HTTP status of the last attempt that got one.
    pub last_status: Option<u16>,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
}

/// One attempt, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Its number; the first is 1.
    pub n: u32,
    /// When it began.
    pub at: Millis,
    /// The HTTP status of the answer, if one came.
    pub status: Option<u16>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: u32,
    /// What a function returned and wrote, as JSON; no other receiver's answer is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer.
    Answered {
        /// Its status.
        status: u16,
        /// The wait its `Retry-After` asks for, if it says anything sensible.
        retry_after: Option<Duration>,
    },
    /// It was done here, without HTTP.
    Done,
    /// No answer.
    Failed(Failure),
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ended well.
    Delivered,
    /// Ended without an answer, which its hook allows.
    Unanswered,
    /// Tried again then.
    Retry(Millis),
    /// Given up, for the reason in words.
    Dead(String),
    /// The receiver said 410: given up, and its hook with it.
    Gone,
}

impl Outcome {
    /// What went wrong in words, `None` for a 2xx.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Done => None,
            Self::Answered { status, .. } if (200..300).contains(status) => None,
            Self::Answered { status, .. } => Some(format!("the receiver answered {status}")),
            Self::Failed(failure) => Some(failure.to_string()),
        }
    }

    /// The HTTP status, if an answer came.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Done | Self::Failed(_) => None,
        }
    }

    /// What becomes of the delivery after its attempt number `attempt` came to this. `unit` gives a number
    /// evenly spread over `0.0..1.0` and is asked only when there is a next attempt.
    pub fn next(
        &self,
        attempt: u32,
        answer: AnswerRule,
        schedule: &Schedule,
        now: Millis,
        unit: impl FnOnce() -> f64,
    ) -> Next {
        let asked = match self {
            Self::Done | Self::Answered { status: 200..300, .. } => return Next::Delivered,
            Self::Answered { status: 410, .. } => return Next::Gone,
            Self::Answered { status: 429 | 503, retry_after } => *retry_after,
            Self::Failed(failure)
                if matches!(
                    failure.kind,
                    FailureKind::Blocked | FailureKind::Loop | FailureKind::Damaged
                ) =>
            {
                return Next::Dead(failure.to_string());
            }
            Self::Failed(failure)
                if failure.kind == FailureKind::Timeout && answer == AnswerRule::Optional =>
            {
                return Next::Unanswered;
            }
            Self::Answered { .. } | Self::Failed(_) => None,
        };
        match schedule.wait(attempt, asked, unit()) {
            Some(wait) => Next::Retry(now.plus(wait)),
            None => Next::Dead(self.error().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(outcome: &Outcome, attempt: u32, answer: AnswerRule) -> Next {
        outcome.next(attempt, answer, &Schedule::new(vec![Duration::from_secs(1)]), Millis(0), || 0.5)
    }

    #[test]
    fn each_outcome_has_its_end() {
        use AnswerRule::{Optional, Required};
        let answered = |status| Outcome::Answered { status, retry_after: Some(Duration::from_secs(9)) };
        let failed = |kind| Outcome::Failed(Failure::after(kind, "x"));
        let retry = |ms| Next::Retry(Millis(ms));
        for (outcome, attempt, answer, expected) in [
            (answered(200), 1, Required, Next::Delivered),
            (answered(299), 2, Required, Next::Delivered),
            (answered(302), 1, Required, retry(1000)),
            (answered(410), 1, Required, Next::Gone),
            (answered(429), 1, Required, retry(2000)),
            (answered(500), 1, Required, retry(1000)),
            (answered(500), 2, Required, Next::Dead("the receiver answered 500".into())),
            (failed(FailureKind::Blocked), 1, Required, Next::Dead("blocked: x".into())),
            (failed(FailureKind::Loop), 1, Required, Next::Dead("loop: x".into())),
            (failed(FailureKind::Damaged), 1, Required, Next::Dead("damaged: x".into())),
            (failed(FailureKind::Timeout), 1, Required, retry(1000)),
            (failed(FailureKind::Timeout), 1, Optional, Next::Unanswered),
            (failed(FailureKind::Reset), 1, Optional, retry(1000)),
        ] {
            assert_eq!(next(&outcome, attempt, answer), expected, "{outcome:?} {attempt}");
        }
    }
}
