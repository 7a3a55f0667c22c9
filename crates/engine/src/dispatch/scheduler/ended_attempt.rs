//! Follows the end of an attempt: the permit, the lane, and what happens to the delivery.

use super::Scheduler;
use crate::dispatch::attempt_result::AttemptResult;
use crate::dispatch::completion::{FollowUp, receiver_signal};
use crate::dispatch::lane::{Lane, QueuedDelivery};
use crate::dispatch::permits::Exhausted;
use crate::dispatch::task_report::InFlightAttempt;
use footbridge_journal::PendingDelivery;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;

impl Scheduler {
    /// Records the result of an attempt, and does what follows from it.
    pub(super) fn end_attempt(&mut self, attempt: &InFlightAttempt, result: AttemptResult) {
        self.permits.end();
        self.run_queue.unpark(&Exhausted::Total);
        self.release_permit(attempt);
        let (hook, now) = (attempt.hook.hook.id, self.clock.now());
        let signal = receiver_signal(&result);
        self.update_lane(hook, |lane| lane.end(attempt.delivery.id, signal, now));
        let follow_up = self.completion.finish(attempt, result, now);
        if follow_up.is_recorded() {
            // The attempt counts as in flight until its result is written.
            self.update_lane(hook, Lane::result_unwritten);
        }
        let withdrawn = self.lanes.get_mut(&hook).is_some_and(|lane| lane.was_withdrawn(attempt.delivery.id));
        match follow_up {
            FollowUp::Retry(_) | FollowUp::BackOff(_) | FollowUp::StartApp(..) if withdrawn => {}
            FollowUp::Nothing | FollowUp::Ended => {}
            FollowUp::Retry(delivery) => self.queue_again(hook, delivery),
            FollowUp::SwitchOffHook => self.switch_off(attempt.claim, hook),
            FollowUp::BackOff(delivery) => {
                self.lane(hook).back_off(now);
                self.queue_again(hook, delivery);
            }
            FollowUp::StartApp(app, delivery) => {
                self.queue_again(hook, delivery);
                self.wait_for_app(app, hook);
            }
        }
    }

    fn queue_again(&mut self, hook: HookId, delivery: PendingDelivery) {
        self.lane(hook).offer(QueuedDelivery { delivery, event: None });
        self.run_queue.push(hook);
    }

    /// Lets a lane wait until an app is started; starts the app if the lane is the first that waits.
    fn wait_for_app(&mut self, app: AppName, hook: HookId) {
        if self.waiting_for_app.add(app.clone(), hook) {
            self.tasks.start_app(app);
        }
    }

    /// Releases the permit of an attempt, unless it was released when the lane stopped waiting for the answer.
    pub(super) fn release_permit(&mut self, attempt: &InFlightAttempt) {
        let app = &attempt.hook.hook.app;
        if let Some(pool) = self.in_flight.remove(attempt.delivery.id) {
            self.permits.release(app, pool);
            self.run_queue.unpark(&Exhausted::Pool(pool));
            self.run_queue.unpark(&Exhausted::app(app, pool));
        }
    }
}
