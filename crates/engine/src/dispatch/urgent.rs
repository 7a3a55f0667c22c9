//! What goes past its lane: an app is told of its own start or end, at once and once.

use super::lane::Waiting;
use super::tried::Tried;
use super::turns::{Flight, Report, State};
use super::way::Pace;
use crate::lanes::Urgent;
use crate::registry::{AppEntry, HookEntry};
use footbridge_model::attempt::Sent;
use footbridge_model::delivery::{Next, Outcome};
use footbridge_model::hook::AnswerRule;
use footbridge_model::id::HookId;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::mpsc;

impl State {
    /// Sends them, each at once.
    pub(super) fn hurry(&mut self, urgent: &mut Vec<Urgent>) {
        for Urgent { event, deliveries, done } in urgent.drain(..) {
            for delivery in deliveries {
                let Some((hook, app)) = self.addressee(delivery.hook_id) else {
                    self.recorder.end(None, delivery.id, "hook gone");
                    self.sender.past.end(delivery.id);
                    continue;
                };
                let due = delivery.due(&event);
                let waiting = Waiting { due: due.clone(), event: self.budget.hold(&event) };
                self.fly_past(waiting, Flight { due, hook }, app, done.clone());
            }
        }
    }

    /// A hook and its app, while both are there.
    fn addressee(&self, hook: HookId) -> Option<(Arc<HookEntry>, Arc<AppEntry>)> {
        let hook = self.parts.registry.index.load().hook(hook).cloned()?;
        let app = self.parts.registry.directory.load().app(hook.hook.app.as_str()).cloned()?;
        Some((hook, app))
    }

    fn fly_past(&mut self, waiting: Waiting, flight: Flight, app: Arc<AppEntry>, done: mpsc::Sender<()>) {
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
                let next = only_once(&outcome, answer);
                self.parts.log.attempt(&flight.hook, &flight.due, attempt.n, &outcome, &next);
                self.recorder.attempt(None, flight.due.id, attempt, &next);
            }
            Tried::Cancelled(why) => self.recorder.end(None, flight.due.id, why),
            Tried::NotNow(..) | Tried::Asleep(_) | Tried::Elsewhere => {
                self.recorder.end(None, flight.due.id, "its moment is over");
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
