//! The dispatcher's loop: takes offers, starts attempts, and hands results to the journal.

use super::attempt::AttemptRunner;
use super::completion::Completion;
use super::record::Recorder;
use super::scheduler::{MAX_SLEEP, Scheduler, SchedulerParts};
use super::task_report::TaskReport;
use super::tasks::Tasks;
use crate::apps::Apps;
use crate::claims::Claims;
use crate::cluster::Lease;
use crate::failure_log::FailureLog;
use crate::lanes::LaneFeed;
use crate::local_work::LocalWorkQueue;
use crate::progress::Progress;
use crate::publish::Publisher;
use crate::registry::AppRegistry;
use footbridge_courier::{Courier, CourierShared};
use footbridge_journal::Journal;
use footbridge_model::id::HookId;
use footbridge_model::retry::Schedule;
use footbridge_model::time::{Clock, Entropy};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The most reports that wait for the loop; further tasks wait until there is room.
const MAX_REPORTS: usize = 1024;

/// The parts that the dispatcher is built from.
pub(crate) struct DispatchOptions {
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) claims: Claims,
    pub(crate) lease: Arc<Lease>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) courier: Arc<CourierShared>,
    pub(crate) feed: LaneFeed,
    /// Other work that needs this thread.
    pub(crate) local_work: LocalWorkQueue,
    pub(crate) apps: Arc<Apps>,
    pub(crate) publisher: Arc<Publisher>,
    /// Hooks with pending deliveries from before the start.
    pub(crate) waiting: Vec<HookId>,
    pub(crate) public_url: String,
    pub(crate) schedule: Schedule,
    /// The time limit of one complete attempt.
    pub(crate) timeout: Duration,
    /// How long a lane waits for an optional answer.
    pub(crate) answer_wait: Duration,
    /// Receives reports whether deliveries make progress.
    pub(crate) progress: Arc<Progress>,
    pub(crate) log: Arc<FailureLog>,
}

/// Delivers events to hooks. Runs on a thread of its own.
pub struct Dispatcher(DispatchOptions);

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").finish_non_exhaustive()
    }
}

impl Dispatcher {
    pub(crate) const fn new(options: DispatchOptions) -> Self {
        Self(options)
    }

    /// Delivers until `drain` turns true, then waits until all attempts in flight have ended.
    ///
    /// Drop the future to stop earlier: the deliveries in flight stay pending, and their attempts do not count. Needs
    /// a `LocalSet`.
    pub async fn run(self, mut drain: watch::Receiver<bool>) {
        let (reports, mut incoming) = mpsc::channel(MAX_REPORTS);
        let (mut scheduler, mut feed) = self.0.build(reports);
        let (mut offers, mut bypass, mut batch) = (Vec::new(), Vec::new(), Vec::new());
        let (mut hand_overs, mut asks) = (Vec::new(), Vec::new());
        loop {
            let draining = *drain.borrow();
            if draining && scheduler.is_finished() {
                scheduler.flush();
                return;
            }
            // In this order: every event that is older than the oldest open one has then reached its lanes.
            scheduler.note_oldest_open();
            let woken = feed.take(&mut offers);
            scheduler.offer(&mut offers);
            scheduler.wake(woken);
            feed.take_asks(&mut asks);
            scheduler.answer(&mut asks);
            if !draining {
                scheduler.run_lanes();
            }
            scheduler.flush();
            feed.take_hand_overs(&mut hand_overs);
            scheduler.finish_hand_overs(&mut hand_overs);
            // No lane runs while the server drains, whatever is due.
            let sleep = if draining { MAX_SLEEP } else { scheduler.sleep() };
            // A fixed order, so that a simulation can repeat it. Reports are sent by this very thread: none arrives while
            // they are handled, and then it is the feed's turn.
            tokio::select! {
                biased;
                _ = incoming.recv_many(&mut batch, MAX_REPORTS) => {
                    for report in batch.drain(..) {
                        scheduler.handle(report);
                    }
                }
                woken = feed.next(&mut offers, &mut bypass) => {
                    scheduler.send_bypass(&mut bypass);
                    scheduler.offer(&mut offers);
                    scheduler.wake(woken);
                }
                // Fails at once if nobody can drain the server any more.
                Ok(()) = drain.changed(), if !draining => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }
}

impl DispatchOptions {
    /// Builds the scheduler, and wakes the lanes with deliveries from before the start.
    fn build(self, reports: mpsc::Sender<TaskReport>) -> (Scheduler, LaneFeed) {
        let courier = Rc::new(Courier::new(self.courier));
        tokio::task::spawn_local(self.local_work.serve(Rc::clone(&courier)));
        let runner = AttemptRunner {
            courier,
            journal: Arc::clone(&self.journal),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            apps: Arc::clone(&self.apps),
            bypass: self.feed.bypass(),
            public_url: self.public_url,
            timeout: self.timeout,
            answer_wait: self.answer_wait,
        };
        let completion = Completion {
            recorder: Recorder::new(Arc::clone(&self.journal), self.claims.clone(), reports.clone()),
            publisher: Arc::clone(&self.publisher),
            schedule: self.schedule,
            entropy: self.entropy,
            progress: Arc::clone(&self.progress),
            log: self.log,
        };
        let tasks = Tasks {
            runner: Rc::new(runner),
            registry: Arc::clone(&self.registry),
            journal: self.journal,
            apps: self.apps,
            drain: Arc::clone(&self.publisher.drain),
            answer_wait: self.answer_wait,
            reports,
        };
        let mut scheduler = Scheduler::new(SchedulerParts {
            registry: self.registry,
            clock: self.clock,
            claims: self.claims,
            lease: self.lease,
            watermark: Arc::clone(&self.publisher.watermark),
            bypass: self.feed.bypass(),
            progress: self.progress,
            completion,
            tasks,
        });
        scheduler.wake(self.waiting.into_iter().collect());
        (scheduler, self.feed)
    }
}
