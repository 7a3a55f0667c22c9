//! The scheduler: queues deliveries in their lanes, and starts attempts while there are permits.
//!
//! - [`intake`]: deliveries from the rest of the engine.
//! - [`turns`]: the turn of each lane, which starts an attempt or waits.
//! - [`refill`]: deliveries that are only in the journal.
//! - [`asks`]: questions about lanes.
//! - [`ended_attempt`] and [`ended_hook`]: what follows the end of an attempt, and of a hook.

mod asks;
mod ended_attempt;
mod ended_hook;
mod intake;
mod refill;
mod turns;

use super::completion::Completion;
use super::hand_over;
use super::in_flight::InFlightTable;
use super::lane::Lane;
use super::memory_budget::MemoryBudget;
use super::permits::AttemptPermits;
use super::run_queue::RunQueue;
use super::task_report::TaskReport;
use super::tasks::Tasks;
use super::waiting_for_app::WaitingForApp;
use super::watchdog::Watchdog;
use crate::claims::Claims;
use crate::cluster::Lease;
use crate::lanes::{BypassSet, HandOver};
use crate::progress::Progress;
use crate::registry::{AppEntry, AppRegistry, HookEntry};
use crate::watermark::Watermark;
use footbridge_model::id::HookId;
use footbridge_model::time::{Clock, Millis};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest sleep of the dispatcher; after it the clock is read again, because it may have been set meanwhile.
pub(super) const MAX_SLEEP: Duration = Duration::from_secs(30);
/// How often a server whose lease is over looks if it may send again.
const LEASE_CHECK: Duration = Duration::from_millis(200);
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
        if !self.lease.may_send() {
            return LEASE_CHECK;
        }
        timer.min(slow).min(check)
    }

    /// Handles what a task reports.
    pub(super) fn handle(&mut self, report: TaskReport) {
        match report {
            TaskReport::Refilled(request, found) => self.finish_refill(&request, found),
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
            TaskReport::HookSwitchedOff { hook, done } => self.finish_switch_off(hook, done),
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
