//! Decides what an attempt means for its delivery, its lane and its receiver, and records it.

use super::attempt_result::AttemptResult;
use super::in_flight::SLOW_AFTER;
use super::lane::ReceiverSignal;
use super::record::Recorder;
use super::task_report::InFlightAttempt;
use crate::failure_log::FailureLog;
use crate::progress::Progress;
use crate::publish::{PreparedEvent, Publisher};
use crate::stats::AttemptCount;
use crate::tail::{TailAttempt, TailItem};
use footbridge_journal::PendingDelivery;
use footbridge_model::attempt::{FailureKind, Sent};
use footbridge_model::delivery::{Attempt, Delivery, DeliveryStatus, Next, Outcome};
use footbridge_model::hook::AnswerRule;
use footbridge_model::name::AppName;
use footbridge_model::retry::Schedule;
use footbridge_model::time::{Entropy, Millis};
use std::sync::Arc;
use tokio::time::Instant;

/// The action of the scheduler after an attempt.
#[derive(Debug)]
pub(super) enum FollowUp {
    /// Nothing: the delivery is attempted elsewhere.
    Nothing,
    /// The result was recorded, and the delivery has ended.
    Ended,
    /// The result was recorded, and the delivery is attempted again at its new due time.
    Retry(PendingDelivery),
    /// The result was recorded, and the hook is switched off.
    SwitchOffHook,
    /// Nothing was recorded; the lane backs off, then attempts the delivery again.
    BackOff(PendingDelivery),
    /// Nothing was recorded; the delivery waits until the app is started.
    StartApp(AppName, PendingDelivery),
}

impl FollowUp {
    /// Returns true if a result was recorded, which the lane counts as in flight until it is written.
    pub(super) const fn is_recorded(&self) -> bool {
        matches!(self, Self::Ended | Self::Retry(_) | Self::SwitchOffHook)
    }
}

/// Records the results of attempts.
pub(super) struct Completion {
    pub(super) recorder: Recorder,
    pub(super) publisher: Arc<Publisher>,
    pub(super) schedule: Schedule,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) progress: Arc<Progress>,
    pub(super) log: Arc<FailureLog>,
}

impl Completion {
    /// Records the result of an attempt that a lane has made; returns what follows.
    pub(super) fn finish(
        &mut self,
        attempt: &InFlightAttempt,
        result: AttemptResult,
        now: Millis,
    ) -> FollowUp {
        let delivery = &attempt.delivery;
        match result {
            AttemptResult::Made(made, outcome) => self.finish_made(attempt, made, &outcome, now),
            AttemptResult::Published(made, outcome, events) => {
                debug_assert_eq!(outcome, Outcome::Done, "only a function that returned publishes");
                self.finish_published(attempt, made, events)
            }
            AttemptResult::Postponed { reason, detail } => {
                self.progress.report_stall(reason, &detail, Instant::now());
                FollowUp::BackOff(delivery.clone())
            }
            AttemptResult::AppNotRunning(app) => FollowUp::StartApp(app, delivery.clone()),
            AttemptResult::Cancelled(reason) => {
                self.recorder.cancelled(attempt.claim, Some(attempt.hook.hook.id), delivery.id, reason);
                FollowUp::Ended
            }
            AttemptResult::Bypassed => FollowUp::Nothing,
        }
    }

    fn finish_made(
        &mut self,
        attempt: &InFlightAttempt,
        made: Attempt,
        outcome: &Outcome,
        now: Millis,
    ) -> FollowUp {
        self.progress.clear_stall();
        let (delivery, hook) = (&attempt.delivery, &attempt.hook.hook);
        let attempts = made.n;
        let since_retry = attempts.saturating_sub(delivery.attempts_base);
        let answer = hook.options.answer;
        let next = outcome.next(since_retry, answer, &self.schedule, now, || self.entropy.unit());
        self.log.attempt(&attempt.hook, delivery, attempts, outcome, &next);
        self.count(attempt, &made, &next);
        self.recorder.attempt(attempt.claim, Some(hook.id), delivery.id, made, &next);
        match next {
            Next::Retry(at) => FollowUp::Retry(PendingDelivery { at, attempts, ..delivery.clone() }),
            Next::Gone => FollowUp::SwitchOffHook,
            Next::Delivered | Next::Unanswered | Next::Dead(_) => FollowUp::Ended,
        }
    }

    /// Counts an attempt in the statistics, and shows it to whoever watches.
    fn count(&self, attempt: &InFlightAttempt, made: &Attempt, next: &Next) {
        // An event that cannot be read has no edge.
        if let Some(event) = &attempt.event {
            let to = &attempt.hook.hook.app;
            self.publisher.traffic.attempt(&AttemptCount { event, to, attempt: made, next });
            self.publisher.tail.send(|tail| {
                let (hook, delivery) = (attempt.hook.hook.clone(), after(attempt, made, next));
                let (event, attempt) = (tail.event(event), made.clone());
                TailItem::Attempt(Box::new(TailAttempt { event, delivery, hook, attempt }))
            });
        }
    }

    /// Records a function call together with the events that it published; delivers these once they are stored.
    fn finish_published(
        &mut self,
        attempt: &InFlightAttempt,
        made: Attempt,
        published: Vec<PreparedEvent>,
    ) -> FollowUp {
        self.progress.clear_stall();
        self.count(attempt, &made, &Next::Delivered);
        self.recorder.function_call(attempt, made, published, Arc::clone(&self.publisher));
        FollowUp::Ended
    }

    /// Records the result of an attempt that bypassed its lane. There is no second attempt.
    pub(super) fn finish_bypass(&mut self, attempt: &InFlightAttempt, result: AttemptResult) {
        let delivery = &attempt.delivery;
        match result {
            AttemptResult::Made(made, outcome) | AttemptResult::Published(made, outcome, _) => {
                let next = next_without_retry(&outcome, attempt.hook.hook.options.answer);
                self.log.attempt(&attempt.hook, delivery, made.n, &outcome, &next);
                self.count(attempt, &made, &next);
                self.recorder.attempt(attempt.claim, None, delivery.id, made, &next);
            }
            AttemptResult::Cancelled(reason) => {
                self.recorder.cancelled(attempt.claim, None, delivery.id, reason);
            }
            AttemptResult::Postponed { .. } | AttemptResult::AppNotRunning(_) | AttemptResult::Bypassed => {
                self.recorder.cancelled(attempt.claim, None, delivery.id, "its moment is over");
            }
        }
        // The bypass ends after this: from then on the journal must say that the delivery has ended.
        self.recorder.flush();
    }

    /// The latest time at which a retry can be due after so many attempts.
    ///
    /// A later due time was computed before the clock was set back.
    pub(super) fn latest_due(&self, delivery: &PendingDelivery, now: Millis) -> Millis {
        let attempts = delivery.attempts.saturating_sub(delivery.attempts_base);
        now.plus(self.schedule.longest(attempts))
    }
}

/// The delivery after an attempt.
fn after(attempt: &InFlightAttempt, made: &Attempt, next: &Next) -> Delivery {
    let (status, next_attempt_at) = match next {
        Next::Delivered => (DeliveryStatus::Delivered, None),
        Next::Unanswered => (DeliveryStatus::Unanswered, None),
        Next::Retry(at) => (DeliveryStatus::Pending, Some(*at)),
        Next::Dead(_) | Next::Gone => (DeliveryStatus::Dead, None),
    };
    Delivery {
        id: attempt.delivery.id,
        event_id: attempt.delivery.event_id,
        hook_id: attempt.hook.hook.id,
        status,
        attempts: made.n,
        next_attempt_at,
        last_status: made.status,
        last_error: made.error.clone(),
    }
}

/// The next state of a delivery that has only one attempt.
fn next_without_retry(outcome: &Outcome, answer: AnswerRule) -> Next {
    match outcome {
        Outcome::Done | Outcome::Answered { status: 200..300, .. } => Next::Delivered,
        // The complete request was written. The app may have ended since, as it was told to.
        Outcome::Failed(failure) if answer == AnswerRule::Optional && failure.sent == Sent::Perhaps => {
            Next::Unanswered
        }
        Outcome::Answered { .. } | Outcome::Failed(_) => Next::Dead(outcome.error().unwrap_or_default()),
    }
}

/// Derives the state of the receiver from the result of an attempt.
pub(super) fn receiver_signal(result: &AttemptResult) -> ReceiverSignal {
    let is_slow = |attempt: &Attempt| u128::from(attempt.ms) >= SLOW_AFTER.as_millis();
    match result {
        AttemptResult::Made(attempt, Outcome::Answered { .. }) if is_slow(attempt) => {
            ReceiverSignal::SlowAnswer
        }
        AttemptResult::Made(_, Outcome::Answered { .. } | Outcome::Done) | AttemptResult::Published(..) => {
            ReceiverSignal::FastAnswer
        }
        AttemptResult::Made(attempt, Outcome::Failed(failure)) => match failure.kind {
            FailureKind::Blocked | FailureKind::NotStarted | FailureKind::Damaged | FailureKind::Local => {
                ReceiverSignal::Unknown
            }
            FailureKind::Function | FailureKind::Loop => ReceiverSignal::FastAnswer,
            _ if is_slow(attempt) => ReceiverSignal::SlowFailure,
            _ => ReceiverSignal::FastFailure,
        },
        AttemptResult::Postponed { .. }
        | AttemptResult::AppNotRunning(_)
        | AttemptResult::Cancelled(_)
        | AttemptResult::Bypassed => ReceiverSignal::Unknown,
    }
}
