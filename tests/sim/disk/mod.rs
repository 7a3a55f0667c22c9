//! A slow disk that obeys the laws of the journal: writes take effect in order, in groups; a crash loses all that did
//! not take effect yet.

mod journal;
mod registry;

use crate::history::History;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::time::Time;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{JournalError, Wait};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::{Notify, oneshot};

/// Sends the answer to the caller, some time after the write took effect.
type Reply = Box<dyn FnOnce() + Send>;
/// A queued operation. The flag says that the disk is full.
type Task = Box<dyn FnOnce(&MemoryJournal, bool) -> Reply + Send>;

/// The disk of one server process.
pub(crate) struct Disk {
    stored: Arc<MemoryJournal>,
    queue: Mutex<Queue>,
    asked: Notify,
    time: Time,
    plan: Arc<Plan>,
    history: History,
    unreadable_reads: AtomicU64,
}

struct Queue {
    tasks: Vec<Task>,
    rng: Rng,
}

impl Disk {
    /// The disk with the state that the previous process left.
    pub(crate) fn found(
        stored: &MemoryJournal,
        life: u64,
        time: &Time,
        plan: &Arc<Plan>,
        history: &History,
    ) -> Self {
        let queue = Queue { tasks: Vec::new(), rng: Rng::of(plan.seed, &[1, life]) };
        Self {
            stored: Arc::new(stored.reopened()),
            queue: Mutex::new(queue),
            asked: Notify::new(),
            time: time.clone(),
            plan: Arc::clone(plan),
            history: history.clone(),
            unreadable_reads: AtomicU64::new(0),
        }
    }

    /// How many reads of events failed, and the most that one attempt may make: it waits 1, 2, 4 and then 8 s between
    /// reads.
    pub(crate) fn unreadable_reads(&self) -> (u64, u64) {
        let lasted = self.plan.unreadable.end.saturating_sub(self.plan.unreadable.start);
        (self.unreadable_reads.load(Ordering::Relaxed), 4 + lasted.as_secs() / 8)
    }

    /// Fails while events cannot be read.
    fn look(&self) -> Result<(), JournalError> {
        if self.plan.unreadable.contains(&self.time.passed()) {
            self.unreadable_reads.fetch_add(1, Ordering::Relaxed);
            return Err(JournalError::Conflict("no descriptor is left"));
        }
        Ok(())
    }

    /// The current state of the disk.
    pub(crate) fn stored(&self) -> &Arc<MemoryJournal> {
        &self.stored
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes operations until it is dropped.
    pub(crate) async fn work(&self) {
        loop {
            let (group, commit, answer) = {
                let mut queue = self.queue();
                let times = (queue.rng.millis(1..20), queue.rng.millis(0..5));
                (std::mem::take(&mut queue.tasks), times.0, times.1)
            };
            if group.is_empty() {
                self.asked.notified().await;
                continue;
            }
            tokio::time::sleep(commit).await;
            let full = self.plan.is_disk_full(self.time.passed());
            let replies: Vec<Reply> = group.into_iter().map(|task| task(&self.stored, full)).collect();
            tokio::time::sleep(answer).await;
            for reply in replies {
                reply();
            }
        }
    }

    /// Queues a write. Fails with `Full` while the disk is full.
    fn write<T, W>(&self, work: W) -> Wait<T>
    where
        T: Send + 'static,
        W: FnOnce(&MemoryJournal, &History) -> Result<T, JournalError> + Send + 'static,
    {
        self.ask(
            move |stored, history, full| if full { Err(JournalError::Full) } else { work(stored, history) },
        )
    }

    /// Queues an operation that needs no space.
    fn ask<T, W>(&self, work: W) -> Wait<T>
    where
        T: Send + 'static,
        W: FnOnce(&MemoryJournal, &History, bool) -> Result<T, JournalError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let history = self.history.clone();
        self.queue().tasks.push(Box::new(move |stored, full| {
            let result = work(stored, &history, full);
            Box::new(move || drop(reply.send(result)))
        }));
        self.asked.notify_one();
        Box::pin(
            async move { answer.await.unwrap_or_else(|_| Err(JournalError::Stopped("it is gone".into()))) },
        )
    }

    /// Reads the state after a delay.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&MemoryJournal) -> Wait<T> + Send + 'static,
    ) -> Wait<T> {
        let wait = self.queue().rng.millis(0..4);
        let stored = Arc::clone(&self.stored);
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            read(&stored).await
        })
    }
}

/// The result of a call to a journal in memory, which never waits.
pub(crate) fn ready_now<T>(mut wait: Wait<T>) -> Result<T, JournalError> {
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("a journal in memory waits for nothing"),
    }
}
