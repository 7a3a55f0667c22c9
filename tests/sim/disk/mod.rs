//! A slow disk that obeys the laws of the journal: writes take effect in order, in groups; a crash loses all that did
//! not take effect yet.

mod pruning;

use crate::history::History;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::time::Time;
use footbridge_journal::JournalError;
use footbridge_journal::Wait;
use footbridge_journal::memory::{Call, CallKind, Commit, Gate, MemoryJournal, Reply};
use footbridge_model::delivery::DeliveryStatus;
pub(crate) use pruning::StoredEvents;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

/// The disk of one server process.
pub(crate) struct Disk {
    stored: MemoryJournal,
    queue: Mutex<Queue>,
    added: Notify,
    time: Time,
    plan: Arc<Plan>,
    history: History,
    /// True until the engine has started. The plan leaves space for what a start writes.
    is_starting: AtomicBool,
    unreadable_reads: AtomicU64,
}

struct Queue {
    calls: Vec<Call>,
    rng: Rng,
}

impl Disk {
    /// The disk with the state that the previous process left.
    pub(crate) fn found(
        stored: &MemoryJournal,
        process: u64,
        time: &Time,
        plan: &Arc<Plan>,
        history: &History,
    ) -> Self {
        let stored = stored.reopened();
        let observing = history.clone();
        stored.observe(move |commit| record(commit, &observing));
        Self {
            stored,
            queue: Mutex::new(Queue { calls: Vec::new(), rng: Rng::of(plan.seed, &[1, process]) }),
            added: Notify::new(),
            time: time.clone(),
            plan: Arc::clone(plan),
            history: history.clone(),
            is_starting: AtomicBool::new(true),
            unreadable_reads: AtomicU64::new(0),
        }
    }

    /// How many reads of events failed, and the most that one attempt may make: it waits 1, 2, 4 and then 8 s between
    /// reads.
    pub(crate) fn unreadable_reads(&self) -> (u64, u64) {
        let lasted = self.plan.unreadable.end.saturating_sub(self.plan.unreadable.start);
        (self.unreadable_reads.load(Ordering::Relaxed), 4 + lasted.as_secs() / 8)
    }

    /// A handle for a server, without the delays and faults of the disk.
    pub(crate) fn handle(&self) -> MemoryJournal {
        self.stored.ungated()
    }

    /// The current state of the disk.
    pub(crate) const fn stored(&self) -> &MemoryJournal {
        &self.stored
    }

    /// Notes that the engine has started.
    pub(crate) fn started(&self) {
        self.is_starting.store(false, Ordering::Relaxed);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes calls until it is dropped.
    pub(crate) async fn work(&self) {
        loop {
            let (group, commit, answer) = {
                let mut queue = self.queue();
                let times = (queue.rng.millis(1..20), queue.rng.millis(0..5));
                (std::mem::take(&mut queue.calls), times.0, times.1)
            };
            if group.is_empty() {
                self.added.notified().await;
                continue;
            }
            tokio::time::sleep(commit).await;
            let full = self.plan.is_disk_full(self.time.passed());
            let replies: Vec<Reply> = group.into_iter().filter_map(|call| self.execute(call, full)).collect();
            tokio::time::sleep(answer).await;
            replies.into_iter().for_each(Reply::deliver);
        }
    }

    fn execute(&self, call: Call, full: bool) -> Option<Reply> {
        let is_starting = self.is_starting.load(Ordering::Relaxed);
        if full && needs_space(call.kind(), is_starting) {
            call.refuse(JournalError::Full);
            return None;
        }
        if call.kind() != CallKind::Prune {
            return Some(call.run());
        }
        let before = StoredEvents::of(&self.stored);
        let reply = call.run();
        before.record_missing(&self.stored, &self.history);
        Some(reply)
    }
}

const fn needs_space(kind: CallKind, is_starting: bool) -> bool {
    match kind {
        CallKind::Apply => !is_starting,
        CallKind::Append
        | CallKind::Record
        | CallKind::RecordAndAppend
        | CallKind::Cancel
        | CallKind::Retry
        | CallKind::Replay
        | CallKind::StartExchange
        | CallKind::FinishExchange
        | CallKind::RecordExchange
        | CallKind::AddTraffic
        | CallKind::Prune => true,
        _ => false,
    }
}

/// Records which deliveries have a final attempt, and which were retried by hand.
fn record(commit: &Commit, history: &History) {
    use DeliveryStatus::{Dead, Delivered, Pending, Unanswered};
    for (delivery, _, status) in &commit.changes.deliveries {
        match (commit.kind, status) {
            (CallKind::Record | CallKind::RecordAndAppend, Delivered | Unanswered | Dead) => {
                history.record_end(*delivery);
            }
            (CallKind::Retry, Pending) => history.record_retry(*delivery),
            _ => {}
        }
    }
}

impl Gate for Disk {
    fn pass(&self, call: Call) {
        match call.kind() {
            CallKind::ReadEvent if self.plan.unreadable.contains(&self.time.passed()) => {
                self.unreadable_reads.fetch_add(1, Ordering::Relaxed);
                call.refuse(JournalError::Conflict("no descriptor is left"));
            }
            CallKind::Read | CallKind::ReadEvent => {
                let wait = self.queue().rng.millis(0..4);
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    call.run().deliver();
                });
            }
            _ => {
                self.queue().calls.push(call);
                self.added.notify_one();
            }
        }
    }
}

/// The result of a call to a journal in memory, which never waits.
pub(crate) fn ready_now<T>(mut wait: Wait<T>) -> Result<T, JournalError> {
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("a journal in memory waits for nothing"),
    }
}
