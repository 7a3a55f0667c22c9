//! Runs the lanes in turn: each starts its next attempt, if a permit is free, or waits.

use super::Scheduler;
use crate::dispatch::lane::QueuedDelivery;
use crate::dispatch::permits::{Exhausted, Pool};
use crate::dispatch::task_report::InFlightAttempt;
use crate::registry::{AppEntry, HookEntry};
use footbridge_journal::Claim;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The shortest timer of a lane that could make no attempt although a delivery is due.
const MIN_TIMER: Duration = Duration::from_millis(1);
/// A clock that goes back by more than this was set back; less is a small correction.
const CLOCK_SET_BACK: Duration = Duration::from_secs(1);

impl Scheduler {
    /// Runs the lanes in turn, until none can start an attempt.
    pub(in crate::dispatch) fn run_lanes(&mut self) {
        let now = self.clock.now();
        if now.plus(CLOCK_SET_BACK) < self.last_now {
            tracing::warn!("the clock was set back; all lanes read their due times again");
            self.wake(self.lanes.keys().copied().collect());
        }
        self.last_now = now;
        if self.watchdog.beat() {
            self.check_progress(now);
        }
        while let Some(hook) = self.in_flight.next_slow(Instant::now()) {
            self.permits.move_to_slow();
            if let Some(lane) = self.lanes.get_mut(&hook) {
                lane.mark_slow();
            }
            self.run_queue.unpark(&Exhausted::Pool(Pool::Fast));
        }
        if self.is_idle() {
            self.run_queue.unpark_all();
        }
        if !self.lease.may_send() {
            return;
        }
        self.run_queue.push_expired(now);
        while let Some(hook) = self.run_queue.pop() {
            self.run_lane(hook, now);
        }
    }

    fn check_progress(&mut self, now: Millis) {
        let (waiting_for_app, run_queue) = (&self.waiting_for_app, &self.run_queue);
        let is_waiting = |id| waiting_for_app.contains(id) || run_queue.is_parked(id);
        let results_overdue = self.completion.recorder.is_overdue();
        let overdue = self.watchdog.check(&self.lanes, is_waiting, results_overdue, now);
        for hook in overdue {
            self.run_queue.push(*hook);
        }
    }

    /// Gives a lane its turn: refills it if needed, and starts its next attempt if its hook, its app and the permits allow.
    fn run_lane(&mut self, id: HookId, now: Millis) {
        if self.waiting_for_app.contains(id) {
            return;
        }
        let Some(hook) = self.registry.index.load().hook(id).cloned() else {
            self.hook_is_deleted(id);
            return;
        };
        let Some(claim) = self.claims.get(hook.partition) else {
            self.suspend(id);
            return;
        };
        if self.is_switched_off(&hook, claim) {
            return;
        }
        let app = self.registry.directory.load().app(hook.hook.app.as_str()).cloned();
        let Some(app) = app.filter(|app| app.app.enabled && hook.hook.enabled && hook.hook.paused.is_none())
        else {
            // The deliveries stay pending in the journal until hook and app are enabled and the lane is resumed.
            self.suspend(id);
            return;
        };
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let pool = match (lane.is_hanging(), lane.is_slow()) {
            (true, _) => Pool::Hanging,
            (false, true) => Pool::Slow,
            (false, false) => Pool::Fast,
        };
        if let Some(requested) = lane.start_refill(now) {
            self.request_refill(claim, id, hook.hook.options.ordered, requested);
        }
        match self.permits.check(&app.app.name, pool) {
            Ok(()) => self.start_next(claim, hook, app, pool, now),
            Err(exhausted) => self.run_queue.park(id, exhausted),
        }
    }

    /// Starts the next attempt of a lane, or sets its timer.
    fn start_next(
        &mut self,
        claim: Claim,
        hook: Arc<HookEntry>,
        app: Arc<AppEntry>,
        pool: Pool,
        now: Millis,
    ) {
        let id = hook.hook.id;
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        // Two publishers may commit in another order than they got their ids: an older event may still come.
        let older_may_come = lane.first_event().is_some_and(|event| event.number() > self.oldest_open);
        let may_start = !(hook.hook.options.ordered && older_may_come);
        if may_start && let Some(queued) = lane.start(now, usize::from(hook.hook.options.in_flight)) {
            self.start_attempt(claim, queued, hook, app, pool);
            self.run_queue.push(id);
            return;
        }
        // A lane with attempts in flight runs again when one ends: deliveries that are due need no timer.
        let is_busy = lane.total_in_flight() > 0;
        let next = lane.next_at().filter(|at| *at > now || !is_busy).map(|at| at.max(now.plus(MIN_TIMER)));
        if lane.is_idle() {
            self.lanes.remove(&id);
        }
        self.run_queue.set_timer(id, next);
    }

    fn start_attempt(
        &mut self,
        claim: Claim,
        queued: QueuedDelivery,
        hook: Arc<HookEntry>,
        app: Arc<AppEntry>,
        pool: Pool,
    ) {
        self.watchdog.attempt_started();
        self.permits.acquire(&app.app.name, pool);
        self.in_flight.insert(queued.delivery.id, hook.hook.id, pool);
        let attempt = InFlightAttempt { delivery: queued.delivery.clone(), hook, claim, event: None };
        self.tasks.attempt(queued, attempt, app);
    }
}
