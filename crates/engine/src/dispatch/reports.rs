//! What comes back from attempts and refills, and what becomes of deliveries and lanes by it.

use super::attempt::Tried;
use super::lane::Waiting;
use super::turns::{Flight, Report, State};
use footbridge_journal::Due;
use footbridge_model::delivery::{Attempt, Next, Outcome};
use footbridge_model::id::HookId;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait before asking a journal again that could not answer.
const AGAIN: Duration = Duration::from_secs(1);

impl State {
    /// Takes what a task brought back.
    pub(super) fn report(&mut self, report: Report) {
        match report {
            Report::Refilled { hook, found, asked } => {
                let again = self.parts.clock.now().plus(AGAIN);
                if let Some(lane) = self.lanes.get_mut(&hook) {
                    match found {
                        Ok(found) => lane.refilled(found, asked),
                        Err(_) => lane.refill_failed(again),
                    }
                    self.wheel.ready(hook);
                }
            }
            Report::MovedOn(flight) => self.land(&flight, true),
            Report::Tried { flight, tried, moved_on } => {
                self.running -= 1;
                if !moved_on {
                    let silent = matches!(&tried, Tried::Made(_, Outcome::Failed(_)));
                    self.land(&flight, !silent);
                }
                self.conclude(&flight, tried);
            }
        }
    }

    /// Gives the place of an attempt back.
    fn land(&mut self, flight: &Flight, answered: bool) {
        let hook = &flight.hook.hook;
        self.permits.give_back(&hook.app, flight.suspect);
        if let Some(lane) = self.lanes.get_mut(&hook.id) {
            lane.ended(flight.due.id, answered, self.parts.clock.now());
            self.wheel.ready(hook.id);
        }
        self.wheel.unpark();
    }

    /// Records what an attempt came to and what becomes of its delivery.
    fn conclude(&mut self, flight: &Flight, tried: Tried) {
        let hook = flight.hook.hook.id;
        let now = self.parts.clock.now();
        let (attempt, outcome) = match tried {
            Tried::Made(attempt, outcome) => (attempt, outcome),
            Tried::NotNow => return self.wait_again(hook, Due { at: now.plus(AGAIN), ..flight.due.clone() }),
        };
        let attempts = attempt.n;
        let since_retry = attempts.saturating_sub(flight.due.attempts_base);
        let answer = flight.hook.hook.options.answer;
        let next = outcome.next(since_retry, answer, &self.parts.schedule, now, self.parts.entropy.unit());
        self.record(flight, attempt, &next);
        match next {
            Next::Retry(at) => self.wait_again(hook, Due { at, attempts, ..flight.due.clone() }),
            Next::Gone => self.end_hook(hook),
            Next::Delivered | Next::Unanswered | Next::Dead(_) => {}
        }
    }

    fn record(&mut self, flight: &Flight, attempt: Attempt, next: &Next) {
        let (delivery, hook) = (flight.due.id, flight.hook.hook.id);
        match next {
            Next::Dead(why) => tracing::warn!(%delivery, %hook, why, "a delivery is dead"),
            Next::Gone => {
                tracing::warn!(%delivery, %hook, "a receiver answered 410, its hook is switched off");
            }
            Next::Delivered | Next::Unanswered | Next::Retry(_) => {}
        }
        self.recorder.attempt(delivery, attempt, next);
    }

    fn end_hook(&mut self, hook: HookId) {
        self.recorder.cancel(hook, "hook switched off (410)");
        let registry = Arc::clone(&self.parts.registry);
        tokio::task::spawn_local(async move {
            if let Err(error) = registry.end_hook(hook).await {
                tracing::warn!(%hook, %error, "a hook that answered 410 could not be switched off");
            }
        });
    }

    fn wait_again(&mut self, hook: HookId, due: Due) {
        self.lane(hook).offer(Waiting { due, event: None });
        self.wheel.ready(hook);
    }
}
