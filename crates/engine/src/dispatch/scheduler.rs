//! The scheduler: queues deliveries in their lanes, and starts attempts while there are permits.

use super::attempt_result::AttemptResult;
use super::completion::{Completion, FollowUp, receiver_signal};
use super::hand_over;
use super::in_flight::InFlightTable;
use super::lane::{Lane, QueuedDelivery};
use super::memory_budget::MemoryBudget;
use super::permits::{AttemptPermits, Exhausted, Pool};
use super::run_queue::RunQueue;
use super::task_report::{InFlightAttempt, TaskReport};
use super::tasks::Tasks;
use super::waiting_for_app::WaitingForApp;
use super::watchdog::Watchdog;
use crate::claims::Claims;
use crate::cluster::Lease;
use crate::lanes::{BypassRequest, BypassSet, HandOver, Offer};
use crate::progress::Progress;
use crate::registry::{AppEntry, AppRegistry, HookEntry};
use crate::watermark::Watermark;
use footbridge_journal::{Claim, JournalError, PendingDelivery};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::{Clock, Millis};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest sleep of the dispatcher; after it the clock is read again, because it may have been set meanwhile.
pub(super) const MAX_SLEEP: Duration = Duration::from_secs(30);
/// The shortest timer of a lane that could make no attempt although a delivery is due.
const MIN_TIMER: Duration = Duration::from_millis(1);
/// How often a server whose lease is over looks if it may send again.
const LEASE_CHECK: Duration = Duration::from_millis(200);
/// A clock that goes back by more than this was set back; less is a small correction.
const CLOCK_SET_BACK: Duration = Duration::from_secs(1);
/// Why deliveries to a hook are cancelled after its receiver answered 410.
const SWITCHED_OFF: &str = "hook switched off (410)";
/// Why deliveries to a deleted hook are cancelled.
const HOOK_GONE: &str = "hook gone";

/// The parts that a scheduler is built from.
pub(super) struct SchedulerParts {
    pub(super) registry: Arc<AppRegistry>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) claims: Claims,
    pub(super) lease: Arc<Lease>,
    pub(super) watermark: Arc<Watermark>,
    pub(super) bypass: BypassSet,
    pub(super) progress: Arc<Progress>,
    pub(super) completion: Completion,
    pub(super) tasks: Tasks,
}

/// Decides which lane makes its next attempt, and when.
pub(super) struct Scheduler {
    registry: Arc<AppRegistry>,
    clock: Arc<dyn Clock>,
    /// The partitions that this server owns; the hooks of the others rest.
    claims: Claims,
    lease: Arc<Lease>,
    watermark: Arc<Watermark>,
    /// Deliveries that bypass their lanes.
    bypass: BypassSet,
    progress: Arc<Progress>,
    completion: Completion,
    tasks: Tasks,
    lanes: HashMap<HookId, Lane>,
    run_queue: RunQueue,
    permits: AttemptPermits,
    in_flight: InFlightTable,
    waiting_for_app: WaitingForApp,
    memory_budget: MemoryBudget,
    watchdog: Watchdog,
    /// Hooks whose receivers answered 410; true once the hook is switched off.
    gone: HashMap<HookId, bool>,
    /// The number of the oldest event that was not committed when the last offers were taken.
    oldest_open: u64,
    last_now: Millis,
}

impl Scheduler {
    pub(super) fn new(parts: SchedulerParts) -> Self {
        Self {
            registry: parts.registry,
            clock: parts.clock,
            claims: parts.claims,
            lease: parts.lease,
            watermark: parts.watermark,
            bypass: parts.bypass,
            watchdog: Watchdog::new(Arc::clone(&parts.progress)),
            progress: parts.progress,
            completion: parts.completion,
            tasks: parts.tasks,
            lanes: HashMap::new(),
            run_queue: RunQueue::default(),
            permits: AttemptPermits::default(),
            in_flight: InFlightTable::default(),
            waiting_for_app: WaitingForApp::default(),
            memory_budget: MemoryBudget::default(),
            gone: HashMap::new(),
            oldest_open: u64::MAX,
            last_now: Millis(i64::MIN),
        }
    }

    /// Returns true if no attempt is in flight.
    pub(super) const fn is_idle(&self) -> bool {
        self.permits.running() == 0
    }

    /// Returns true if no attempt is in flight and, if other servers take the partitions, every result is written.
    pub(super) fn is_finished(&self) -> bool {
        self.is_idle() && (self.claims.is_exclusive() || hand_over::busy_hooks(&self.lanes).next().is_none())
    }

    /// Ends the hand-over of partitions that are not busy any more.
    pub(super) fn finish_hand_overs(&self, given: &mut Vec<HandOver>) {
        hand_over::finish(given, &self.lanes, &self.registry);
    }

    /// Hands the collected results to the journal.
    pub(super) fn flush(&mut self) {
        self.completion.recorder.flush();
    }

    /// How long the dispatcher may sleep if nothing else happens.
    pub(super) fn sleep(&self) -> Duration {
        let timer = self.run_queue.next_timer().map_or(MAX_SLEEP, |at| self.clock.now().until(at));
        let slow = self.in_flight.next_slow_at();
        let slow = slow.map_or(MAX_SLEEP, |at| at.saturating_duration_since(Instant::now()));
        let check = if self.lanes.is_empty() { MAX_SLEEP } else { self.watchdog.until_next_check() };
        if !self.lease.may_send(Instant::now()) {
            return LEASE_CHECK;
        }
        timer.min(slow).min(check)
    }

    /// Notes which event is the oldest that is not committed. Call this before the offers are taken: every older
    /// event has reached its lanes after that.
    pub(super) fn note_oldest_open(&mut self) {
        self.oldest_open = self.watermark.oldest_open();
    }

    /// Queues deliveries that were just committed.
    pub(super) fn offer(&mut self, offers: &mut Vec<Offer>) {
        for Offer { event, deliveries } in offers.drain(..) {
            for delivery in deliveries {
                let queued = QueuedDelivery {
                    delivery: delivery.pending(&event),
                    event: self.memory_budget.try_hold(&event),
                };
                self.lane(delivery.hook_id).offer(queued);
                self.run_queue.push(delivery.hook_id);
            }
        }
    }

    /// Lets lanes read their hook and the journal again, because one of them has changed.
    pub(super) fn wake(&mut self, hooks: BTreeSet<HookId>) {
        for hook in hooks {
            let ordered = self.registry.index.load().hook(hook).map(|entry| entry.hook.options.ordered);
            let lane = self.lane(hook);
            if let Some(ordered) = ordered {
                lane.set_ordered(ordered);
            }
            lane.reload();
            self.run_queue.push(hook);
        }
    }

    /// Makes the first and only attempt of deliveries that bypass their lanes.
    pub(super) fn send_bypass(&mut self, requests: &mut Vec<BypassRequest>) {
        for BypassRequest { event, deliveries, done } in requests.drain(..) {
            for new in deliveries {
                let Some(claim) = self.claims.get(new.partition) else {
                    // The owner of the partition delivers it.
                    self.bypass.remove(new.id);
                    continue;
                };
                let Some((hook, app)) = self.hook_and_app(new.hook_id) else {
                    self.completion.recorder.cancelled(claim, None, new.id, HOOK_GONE);
                    self.bypass.remove(new.id);
                    continue;
                };
                let delivery = new.pending(&event);
                let queued =
                    QueuedDelivery { delivery: delivery.clone(), event: self.memory_budget.try_hold(&event) };
                self.permits.start_without_permit();
                let attempt = InFlightAttempt { delivery, hook, claim };
                self.tasks.bypass_attempt(queued, attempt, app, done.clone());
            }
        }
    }

    /// Runs the lanes in turn, until none can start an attempt.
    pub(super) fn run_lanes(&mut self) {
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
        if !self.lease.may_send(Instant::now()) {
            return;
        }
        self.run_queue.push_expired(now);
        while let Some(hook) = self.run_queue.pop() {
            self.run_lane(hook, now);
        }
    }

    /// Handles what a task reports.
    pub(super) fn handle(&mut self, report: TaskReport) {
        match report {
            TaskReport::Refilled { hook, found, requested } => self.finish_refill(hook, found, requested),
            TaskReport::AnswerWaitOver(attempt) => {
                self.release_permit(&attempt);
                self.update_lane(attempt.hook.hook.id, |lane| lane.stop_waiting(attempt.delivery.id));
            }
            TaskReport::AttemptEnded(attempt, result) => self.end_attempt(&attempt, result),
            TaskReport::ResultsWritten(hooks) => {
                for hook in hooks {
                    self.update_lane(hook, Lane::result_written);
                }
            }
            TaskReport::BypassEnded(attempt, result) => {
                self.permits.end();
                self.completion.finish_bypass(&attempt, result);
                self.bypass.remove(attempt.delivery.id);
            }
            TaskReport::AppStarted(app) => {
                for hook in self.waiting_for_app.take(&app) {
                    self.run_queue.push(hook);
                }
            }
            TaskReport::HookSwitchedOff { hook, done } => {
                if done {
                    self.gone.insert(hook, true);
                } else {
                    self.gone.remove(&hook);
                }
                self.lane(hook).reload();
                self.run_queue.push(hook);
            }
        }
    }

    /// The lane of a hook; made if it does not exist.
    fn lane(&mut self, hook: HookId) -> &mut Lane {
        let registry = &self.registry;
        let ordered = || registry.index.load().hook(hook).is_some_and(|entry| entry.hook.options.ordered);
        let exclusive = self.claims.is_exclusive();
        self.lanes.entry(hook).or_insert_with(|| Lane::of_hook(ordered(), exclusive))
    }

    /// Changes a lane, if it exists, and lets it run.
    fn update_lane(&mut self, hook: HookId, update: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lanes.get_mut(&hook) {
            update(lane);
            self.run_queue.push(hook);
        }
    }

    /// A hook and its app; `None` if one of them was deleted.
    fn hook_and_app(&self, hook: HookId) -> Option<(Arc<HookEntry>, Arc<AppEntry>)> {
        let hook = self.registry.index.load().hook(hook).cloned()?;
        let app = self.registry.directory.load().app(hook.hook.app.as_str()).cloned()?;
        Some((hook, app))
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
        let Some(app) = app.filter(|app| app.app.enabled && hook.hook.enabled) else {
            // The deliveries stay pending in the journal until hook and app are enabled.
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
        let attempt = InFlightAttempt { delivery: queued.delivery.clone(), hook, claim };
        self.tasks.attempt(queued, attempt, app);
    }

    fn end_attempt(&mut self, attempt: &InFlightAttempt, result: AttemptResult) {
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
        match follow_up {
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

    /// Releases the permit of an attempt, unless it was released when the lane stopped waiting for the answer.
    fn release_permit(&mut self, attempt: &InFlightAttempt) {
        let app = &attempt.hook.hook.app;
        if let Some(pool) = self.in_flight.remove(attempt.delivery.id) {
            self.permits.release(app, pool);
            self.run_queue.unpark(&Exhausted::Pool(pool));
            self.run_queue.unpark(&Exhausted::app(app, pool));
        }
    }

    fn request_refill(&mut self, claim: Claim, hook: HookId, ordered: bool, requested: u32) {
        // Results first, so that the journal does not return deliveries that have just ended.
        self.flush();
        self.tasks.refill(claim, hook, ordered, requested);
    }

    fn finish_refill(
        &mut self,
        hook: HookId,
        found: Result<Vec<PendingDelivery>, JournalError>,
        requested: u32,
    ) {
        let now = self.clock.now();
        let Some(lane) = self.lanes.get_mut(&hook) else { return };
        match found {
            // The journal may have returned deliveries that have ended, or with an earlier due time.
            Ok(_) if self.completion.recorder.is_overdue() => lane.refill_failed(now),
            Ok(mut found) => {
                for delivery in &mut found {
                    delivery.at = delivery.at.min(self.completion.latest_due(delivery, now));
                }
                lane.finish_refill(found, requested);
            }
            Err(JournalError::Fenced) => {
                // Another server owns the partition. This one finds out at its next write, or with its next beat.
                lane.refill_failed(now);
            }
            Err(error) => {
                let reason = "the journal does not return the deliveries that are due";
                self.progress.report_stall(reason, &error.to_string(), Instant::now());
                lane.refill_failed(now);
            }
        }
        self.run_queue.push(hook);
    }

    /// Lets a lane wait until an app is started; starts the app if the lane is the first that waits.
    fn wait_for_app(&mut self, app: AppName, hook: HookId) {
        if self.waiting_for_app.add(app.clone(), hook) {
            self.tasks.start_app(app);
        }
    }

    /// Returns true if the hook's receiver answered 410; deliveries that were accepted since are cancelled too.
    fn is_switched_off(&mut self, hook: &HookEntry, claim: Claim) -> bool {
        let id = hook.hook.id;
        match self.gone.get(&id) {
            None => return false,
            Some(true) if hook.hook.enabled => {
                self.gone.remove(&id);
                return false;
            }
            Some(true) => self.completion.recorder.cancel_pending(claim, id, SWITCHED_OFF),
            Some(false) => {}
        }
        self.suspend(id);
        true
    }

    fn switch_off(&mut self, claim: Claim, hook: HookId) {
        self.gone.insert(hook, false);
        self.suspend(hook);
        self.completion.recorder.cancel_pending(claim, hook, SWITCHED_OFF);
        self.tasks.switch_off(hook);
    }

    fn hook_is_deleted(&mut self, id: HookId) {
        if let (false, Some(claim)) = (self.suspend(id), self.claims.of_deleted_hook()) {
            // Its deliveries were cancelled with the hook, but an event may have been accepted at the same time.
            self.completion.recorder.cancel_pending(claim, id, HOOK_GONE);
        }
    }

    /// Suspends a lane and removes it once nothing is in flight; returns true if there was no lane.
    fn suspend(&mut self, id: HookId) -> bool {
        self.run_queue.remove(id);
        let Some(lane) = self.lanes.get_mut(&id) else { return true };
        lane.suspend();
        if lane.total_in_flight() == 0 {
            self.lanes.remove(&id);
        }
        false
    }
}
