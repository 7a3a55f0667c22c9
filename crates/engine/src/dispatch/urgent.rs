//! What goes past its lane: an app is told of its own start or end, at once and once.

use super::lane::Waiting;
use super::tried::Tried;
use super::turns::{Flight, Report, State};
use super::way::Pace;
use crate::lanes::Urgent;
use footbridge_journal::Due;
use footbridge_model::attempt::Sent;
use footbridge_model::delivery::{Next, Outcome};
use footbridge_model::hook::AnswerRule;
use std::rc::Rc;
use tokio::sync::mpsc;

impl State {
    /// Sends them, each at once.
    pub(super) fn hurry(&mut self, urgent: &mut Vec<Urgent>) {
        for Urgent { event, deliveries, done } in urgent.drain(..) {
            for delivery in deliveries {
                let due = Due {
                    id: delivery.id,
                    event_id: event.id,
                    attempts: 0,
                    attempts_base: 0,
                    at: event.time,
                };
                let Some(hook) = self.parts.registry.index.load().hook(delivery.hook_id).cloned() else {
                    self.recorder.end(delivery.id, "hook gone");
                    self.sender.past.end(delivery.id);
                    continue;
                };
                let waiting = Waiting { due: due.clone(), event: self.budget.hold(&event) };
                self.fly_past(waiting, Flight { due, hook }, done.clone());
            }
        }
    }

    fn fly_past(&mut self, waiting: Waiting, flight: Flight, done: mpsc::Sender<()>) {
        let app = self.parts.registry.directory.load().app(flight.hook.hook.app.as_str()).cloned();
        let Some(app) = app else { return };
        self.permits.begin();
        let (sender, results) = (Rc::clone(&self.sender), self.results.clone());
        tokio::task::spawn_local(async move {
            let tried = sender.attempt(waiting, &flight.hook, &app, None, Pace::Urgent).await;
            let _ = results.send(Report::Hurried(flight, tried)).await;
            drop(done);
        });
    }

    /// Takes what one of them came to: there is no second attempt.
    pub(super) fn hurried(&mut self, flight: &Flight, tried: Tried) {
        self.permits.end();
        match tried {
            Tried::Made(attempt, outcome) | Tried::Published(attempt, outcome, _) => {
                let answer = flight.hook.hook.options.answer;
                self.recorder.attempt(flight.due.id, attempt, &only_once(&outcome, answer));
            }
            Tried::Cancelled(why) => self.recorder.end(flight.due.id, why),
            Tried::NotNow | Tried::Asleep(_) | Tried::Elsewhere => {
                self.recorder.end(flight.due.id, "its moment is over");
            }
        }
        // From here on the journal says that it has ended, whoever asks.
        self.recorder.flush();
        self.sender.past.end(flight.due.id);
    }
}

/// What becomes of a delivery that has one attempt.
fn only_once(outcome: &Outcome, answer: AnswerRule) -> Next {
    match outcome {
        Outcome::Done | Outcome::Answered { status: 200..300, .. } => Next::Delivered,
        // It was written whole, and the app may well have ended since as it was told to.
        Outcome::Failed(failure) if answer == AnswerRule::Optional && failure.sent == Sent::Perhaps => {
            Next::Unanswered
        }
        Outcome::Answered { .. } | Outcome::Failed(_) => Next::Dead(outcome.error().unwrap_or_default()),
    }
}
