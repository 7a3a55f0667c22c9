//! Deliveries: one event on its way to one hook, and the decision after each attempt.

use crate::attempt::{Failure, FailureKind};
use crate::hook::AnswerRule;
use crate::id::{DeliveryId, EventId, HookId};
use crate::retry::Schedule;
use crate::time::Millis;
use serde::Serialize;
use std::str::FromStr;
use std::time::Duration;

/// The status of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It waits for its next attempt, or an attempt is in progress.
    Pending,
    /// The receiver answered with a 2xx.
    Delivered,
    /// It was sent completely to a receiver that need not answer and did not.
    Unanswered,
    /// All attempts failed. It can be retried by hand.
    Dead,
    /// The hook was deleted or switched off.
    Cancelled,
}

impl DeliveryStatus {
    /// All statuses.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Delivered, Self::Unanswered, Self::Dead, Self::Cancelled];

    /// The name of the status in answers and queries.
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

/// The text is not the name of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery's status is `pending`, `delivered`, `unanswered`, `dead` or `cancelled`")]
pub struct BadStatus;

impl FromStr for DeliveryStatus {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, BadStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(BadStatus)
    }
}

/// A delivery as the journal stores it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The id of the delivery.
    pub id: DeliveryId,
    /// The event to deliver.
    pub event_id: EventId,
    /// The hook that receives it.
    pub hook_id: HookId,
    /// The current status.
    pub status: DeliveryStatus,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The time of the next attempt; only while pending.
    pub next_attempt_at: Option<Millis>,
    /// The HTTP status of the last attempt that got one.
    pub last_status: Option<u16>,
    /// The error of the last attempt, in words.
    pub last_error: Option<String>,
}

/// An attempt as the journal stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The number of the attempt; the first is 1.
    pub n: u32,
    /// The time at which it started.
    pub at: Millis,
    /// The HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// The error, in words.
    pub error: Option<String>,
    /// The duration in milliseconds.
    pub ms: u32,
    /// The result and console output of a function, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The beginning of the answer, if the attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered over HTTP.
    Answered {
        /// The HTTP status of the answer.
        status: u16,
        /// The wait that a valid `Retry-After` header asks for.
        retry_after: Option<Duration>,
    },
    /// The server handled the event itself, without HTTP.
    Done,
    /// The attempt brought no answer.
    Failed(Failure),
}

/// The decision about a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The delivery has ended well.
    Delivered,
    /// It has ended without an answer, which its hook allows.
    Unanswered,
    /// It is attempted again at this time.
    Retry(Millis),
    /// It is dead; holds the reason in words.
    Dead(String),
    /// The receiver answered 410: the delivery is dead and its hook is switched off.
    Gone,
}

impl Outcome {
    /// The error in words; `None` for a 2xx.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Done => None,
            Self::Answered { status, .. } if (200..300).contains(status) => None,
            Self::Answered { status, .. } => Some(format!("the receiver answered {status}")),
            Self::Failed(failure) => Some(failure.to_string()),
        }
    }

    /// The HTTP status, if there was an answer.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Done | Self::Failed(_) => None,
        }
    }

    /// Decides about a delivery after its attempt number `attempt` had this outcome. `unit` returns a random number in
    /// `0.0..1.0` and is called only if there is a next attempt.
    ///
    /// ```
    /// use footbridge_model::delivery::{Next, Outcome};
    /// use footbridge_model::hook::AnswerRule;
    /// use footbridge_model::retry::Schedule;
    /// use footbridge_model::time::Millis;
    /// use std::time::Duration;
    ///
    /// let schedule = Schedule::new(vec![Duration::from_secs(10)]);
    /// let busy = Outcome::Answered { status: 503, retry_after: Some(Duration::from_secs(15)) };
    /// let next = |attempt| busy.next(attempt, AnswerRule::Required, &schedule, Millis(0), || 0.5);
    /// assert_eq!(next(1), Next::Retry(Millis(15_000)));
    /// assert_eq!(next(2), Next::Dead("the receiver answered 503".to_owned()));
    /// ```
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
    fn each_outcome_decides_what_follows() {
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
