//! The faults of receivers: each goes through phases in which it is healthy or fails in one way.

use crate::rng::Rng;
use std::ops::Range;
use std::time::Duration;

/// A period in which a receiver is in one condition.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) during: Range<Duration>,
    pub(crate) condition: Condition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Answers 2xx soon.
    Well,
    /// Reacts to each request in a random way.
    Flaky,
    /// Answers 429 or 503, often with `Retry-After`.
    Busy,
    /// Accepts requests and never answers.
    Hanging,
    /// Refuses connections.
    Down,
    /// Cut off: packets are lost in both directions.
    Away,
}

/// The reaction of a receiver to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    /// Answers after a delay, possibly with `Retry-After` in seconds.
    Answer { status: u16, after: Duration, ask: Option<u64> },
    /// Sends the head and half of the body, then closes.
    CutBody,
    /// Sends half of the head, then closes.
    CutHead,
    /// Sends bytes that are not HTTP.
    Nonsense,
    /// Closes the connection without an answer.
    Close,
    /// Never answers.
    Hang,
}

/// A receiver that accepts requests and never answers, until the end of the run.
pub(crate) fn hanging_for_good() -> Vec<Phase> {
    vec![Phase { during: Duration::ZERO..Duration::MAX, condition: Condition::Hanging }]
}

/// A receiver that refuses connections for some time.
pub(crate) fn down(during: Range<Duration>) -> Vec<Phase> {
    vec![Phase { during, condition: Condition::Down }]
}

/// Draws consecutive phases up to `faults_end`.
pub(crate) fn of(rng: &mut Rng, faults_end: Duration) -> Vec<Phase> {
    let (mut phases, mut from) = (Vec::new(), Duration::ZERO);
    while from < faults_end {
        let condition = rng.pick(&[
            Condition::Well,
            Condition::Well,
            Condition::Flaky,
            Condition::Flaky,
            Condition::Flaky,
            Condition::Busy,
            Condition::Hanging,
            Condition::Down,
            Condition::Away,
        ]);
        let until = (from + rng.millis(500..40_000)).min(faults_end);
        phases.push(Phase { during: from..until, condition });
        from = until;
    }
    phases
}

/// Draws the reaction to a request.
pub(crate) fn response(condition: Condition, rng: &mut Rng) -> Response {
    let soon = rng.millis(0..40);
    let answer = |status| Response::Answer { status, after: soon, ask: None };
    match (condition, rng.within(0..1000)) {
        (Condition::Well | Condition::Away, _) => answer(rng.pick(&[200, 200, 201, 204])),
        (Condition::Busy, _) => Response::Answer {
            status: rng.pick(&[429, 503]),
            after: soon,
            ask: rng.percent(70).then(|| rng.within(0..30)),
        },
        (Condition::Flaky, 0..450) => answer(rng.pick(&[200, 204])),
        (Condition::Flaky, 450..530) => {
            Response::Answer { status: 200, after: rng.millis(200..4000), ask: None }
        }
        (Condition::Flaky, 530..560) => {
            Response::Answer { status: 200, after: rng.millis(5000..9000), ask: None }
        }
        (Condition::Flaky, 560..700) => answer(rng.pick(&[500, 502, 404, 400, 302])),
        (Condition::Flaky, 700..710) => answer(410),
        (Condition::Flaky, 710..780) => Response::CutBody,
        (Condition::Flaky, 780..830) => Response::CutHead,
        (Condition::Flaky, 830..860) => Response::Nonsense,
        (Condition::Flaky, 860..940) | (Condition::Down, _) => Response::Close,
        (Condition::Flaky | Condition::Hanging, _) => Response::Hang,
    }
}
