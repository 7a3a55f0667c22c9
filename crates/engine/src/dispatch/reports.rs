//! What comes back from attempts and refills, and what becomes of deliveries and lanes by it.

use super::flights::LONG;
use super::lane::{Manner, Waiting};
use super::permits::Taken;
use super::tried::Tried;
use super::turns::{Flight, Report, SWITCHED_OFF, State};
use crate::publish::PreparedEvent;
use footbridge_journal::{JournalError, PendingDelivery};
use footbridge_model::attempt::FailureKind;
use footbridge_model::delivery::{Attempt, Next, Outcome};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::sync::Arc;
use tokio::time::Instant;

impl State {
    /// Takes what a task brought back.
    pub(super) fn report(&mut self, report: Report) {
        match report {
            Report::Refilled { hook, found, asked } => self.refilled(hook, found, asked),
            Report::MovedOn(flight) => {
                self.give_back(&flight);
                let hook = flight.hook.hook.id;
                if let Some(lane) = self.lanes.get_mut(&hook) {
                    lane.move_on(flight.due.id);
                    self.wheel.ready(hook);
                }
            }
            Report::Tried(flight, tried) => {
                self.permits.end();
                self.wheel.unpark(&Taken::All);
                self.give_back(&flight);
                let (hook, now) = (flight.hook.hook.id, self.parts.clock.now());
                if let Some(lane) = self.lanes.get_mut(&hook) {
                    lane.ended(flight.due.id, manner(&tried), now);
                    self.wheel.ready(hook);
                }
                self.conclude(&flight, tried);
            }
            Report::Settled(hooks) => {
                for hook in hooks {
                    if let Some(lane) = self.lanes.get_mut(&hook) {
                        lane.settled();
                        self.wheel.ready(hook);
                    }
                }
            }
            Report::Hurried(flight, tried) => self.hurried(&flight, tried),
            Report::Started(app) => {
                for hook in self.asleep.wake(&app) {
                    self.wheel.ready(hook);
                }
            }
            Report::SwitchedOff { hook, done } => {
                if done {
                    self.gone.insert(hook, true);
                } else {
                    self.gone.remove(&hook);
                }
                self.lane(hook).forget();
                self.wheel.ready(hook);
            }
        }
    }

    fn refilled(&mut self, hook: HookId, found: Result<Vec<PendingDelivery>, JournalError>, asked: u32) {
        let now = self.parts.clock.now();
        let Some(lane) = self.lanes.get_mut(&hook) else { return };
        match found {
            // It may have given what has ended, or when something was due before.
            Ok(_) if self.recorder.is_behind() => lane.refill_failed(now),
            Ok(mut found) => {
                for due in &mut found {
                    // Further ahead than any schedule says: reckoned by a clock that was set back since.
                    let made = due.attempts.saturating_sub(due.attempts_base);
                    due.at = due.at.min(now.plus(self.parts.schedule.longest(made)));
                }
                lane.refilled(found, asked);
            }
            Err(error) => {
                self.parts.progress.hinder(
                    "the journal does not say what is due",
                    &error.to_string(),
                    Instant::now(),
                );
                lane.refill_failed(now);
            }
        }
        self.wheel.ready(hook);
    }

    /// Gives the place of an attempt back, unless that was done when its lane went on.
    fn give_back(&mut self, flight: &Flight) {
        let app = &flight.hook.hook.app;
        if let Some(pool) = self.flights.end(flight.due.id) {
            self.permits.give_back(app, pool);
            self.wheel.unpark(&Taken::Pool(pool));
            self.wheel.unpark(&Taken::of(app, pool));
        }
    }

    /// Records what an attempt came to and what becomes of its delivery.
    fn conclude(&mut self, flight: &Flight, tried: Tried) {
        let hook = flight.hook.hook.id;
        let now = self.parts.clock.now();
        let (attempt, outcome) = match tried {
            Tried::Made(attempt, outcome) => (attempt, outcome),
            Tried::Published(attempt, outcome, published) => {
                return self.publish(flight, attempt, &outcome, published);
            }
            Tried::NotNow(why, detail) => {
                self.parts.progress.hinder(why, &detail, Instant::now());
                self.lane(hook).hold(now);
                return self.wait_again(hook, flight.due.clone());
            }
            Tried::Asleep(app) => {
                self.wait_again(hook, flight.due.clone());
                return self.wait_for(app, hook);
            }
            Tried::Cancelled(why) => {
                self.settling(hook);
                return self.recorder.end(Some(hook), flight.due.id, why);
            }
            Tried::Elsewhere => return,
        };
        self.parts.progress.moved();
        let attempts = attempt.n;
        let since_retry = attempts.saturating_sub(flight.due.attempts_base);
        let answer = flight.hook.hook.options.answer;
        let next = outcome.next(since_retry, answer, &self.parts.schedule, now, || self.parts.entropy.unit());
        self.record(flight, attempt, &outcome, &next);
        match next {
            Next::Retry(at) => self.wait_again(hook, PendingDelivery { at, attempts, ..flight.due.clone() }),
            Next::Gone => self.end_hook(hook),
            Next::Delivered | Next::Unanswered | Next::Dead(_) => {}
        }
    }

    /// A function ended well: what it published is kept together with that, then goes its way.
    fn publish(
        &mut self,
        flight: &Flight,
        attempt: Attempt,
        outcome: &Outcome,
        published: Vec<PreparedEvent>,
    ) {
        debug_assert_eq!(*outcome, Outcome::Done);
        self.parts.progress.moved();
        self.settling(flight.hook.hook.id);
        let apps = Arc::clone(&self.sender.apps);
        let events = published.iter().map(|prepared| prepared.new.clone()).collect();
        self.recorder.conclude(flight.hook.hook.id, flight.due.id, attempt, events, move || {
            for PreparedEvent { new, open } in published {
                apps.publisher.offer(new.event, new.deliveries, &open);
            }
        });
    }

    /// Lets a lane wait until an app is started, and starts it if it is the first.
    fn wait_for(&mut self, app: AppName, hook: HookId) {
        if !self.asleep.put(app.clone(), hook) {
            return;
        }
        let (apps, results) = (Arc::clone(&self.sender.apps), self.results.clone());
        tokio::task::spawn_local(async move {
            if let Err(error) = apps.start(app.as_str()).await {
                tracing::debug!(%app, %error, "an app that an event needs did not start");
                if apps.publisher.drain.is_draining() {
                    // Nor does it when asked again: what waits for it waits for the next server.
                    return;
                }
            }
            let _ = results.send(Report::Started(app)).await;
        });
    }

    fn record(&mut self, flight: &Flight, attempt: Attempt, outcome: &Outcome, next: &Next) {
        self.parts.log.attempt(&flight.hook, &flight.due, attempt.n, outcome, next);
        let hook = flight.hook.hook.id;
        self.settling(hook);
        self.recorder.attempt(Some(hook), flight.due.id, attempt, next);
    }

    /// The lane keeps the place of an attempt until the journal has kept its result.
    fn settling(&mut self, hook: HookId) {
        if let Some(lane) = self.lanes.get_mut(&hook) {
            lane.settling();
        }
    }

    fn end_hook(&mut self, hook: HookId) {
        self.gone.insert(hook, false);
        self.rest(hook);
        self.recorder.cancel(hook, SWITCHED_OFF);
        let (registry, results) = (Arc::clone(&self.parts.registry), self.results.clone());
        tokio::task::spawn_local(async move {
            let ended = registry.end_hook(hook).await;
            if let Err(error) = &ended {
                tracing::warn!(%hook, %error, "a hook that answered 410 could not be switched off");
            }
            let _ = results.send(Report::SwitchedOff { hook, done: ended.is_ok() }).await;
        });
    }

    fn wait_again(&mut self, hook: HookId, due: PendingDelivery) {
        self.lane(hook).offer(Waiting { due, event: None });
        self.wheel.ready(hook);
    }
}

/// What an attempt tells of the receiver.
fn manner(tried: &Tried) -> Manner {
    match tried {
        Tried::Made(attempt, Outcome::Answered { .. }) if u128::from(attempt.ms) < LONG.as_millis() => {
            Manner::Quick
        }
        Tried::Made(_, Outcome::Answered { .. }) => Manner::Late,
        Tried::Made(_, Outcome::Done) | Tried::Published(..) => Manner::Quick,
        Tried::Made(attempt, Outcome::Failed(failure)) => match failure.kind {
            // Nobody was asked.
            FailureKind::Blocked | FailureKind::NotStarted | FailureKind::Damaged | FailureKind::Local => {
                Manner::Unknown
            }
            FailureKind::Function | FailureKind::Loop => Manner::Quick,
            _ if u128::from(attempt.ms) >= LONG.as_millis() => Manner::Hanging,
            _ => Manner::Silent,
        },
        Tried::NotNow(..) | Tried::Asleep(_) | Tried::Cancelled(_) | Tried::Elsewhere => Manner::Unknown,
    }
}
