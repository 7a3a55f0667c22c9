//! A disk that takes its time: what is asked of it takes effect in order, a group at once, and whatever has not
//! is lost with the server. It obeys the laws of the journal's ports.

mod journal;
mod registry;

use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::time::Time;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{JournalError, Wait};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::{Notify, oneshot};

/// Tells whoever asked, later than what was asked for took effect.
type Tell = Box<dyn FnOnce() + Send>;
/// Something to be done in its turn; the disk may be full.
type Task = Box<dyn FnOnce(&MemoryJournal, bool) -> Tell + Send>;

/// The disk under one life of a server.
pub(crate) struct Disk {
    kept: Arc<MemoryJournal>,
    queue: Mutex<Queue>,
    asked: Notify,
    time: Time,
    plan: Arc<Plan>,
    ledger: Ledger,
    blind_reads: AtomicU64,
}

struct Queue {
    tasks: Vec<Task>,
    dice: Dice,
}

impl Disk {
    /// The disk as an earlier life of the server left it.
    pub(crate) fn found(
        kept: &MemoryJournal,
        life: u64,
        time: &Time,
        plan: &Arc<Plan>,
        ledger: &Ledger,
    ) -> Self {
        let queue = Queue { tasks: Vec::new(), dice: Dice::of(plan.seed, &[1, life]) };
        Self {
            kept: Arc::new(kept.reopened()),
            queue: Mutex::new(queue),
            asked: Notify::new(),
            time: time.clone(),
            plan: Arc::clone(plan),
            ledger: ledger.clone(),
            blind_reads: AtomicU64::new(0),
        }
    }

    /// How often an event could not be read in this life, and how often each attempt may have asked for one: it waits
    /// 1, 2, 4 and then 8 s for the next time.
    pub(crate) fn blind_reads(&self) -> (u64, u64) {
        let lasted = self.plan.blind.end.saturating_sub(self.plan.blind.start);
        (self.blind_reads.load(Ordering::Relaxed), 4 + lasted.as_secs() / 8)
    }

    /// Fails while events cannot be read.
    fn look(&self) -> Result<(), JournalError> {
        if self.plan.blind.contains(&self.time.passed()) {
            self.blind_reads.fetch_add(1, Ordering::Relaxed);
            return Err(JournalError::Conflict("no descriptor is left"));
        }
        Ok(())
    }

    /// What is on it now.
    pub(crate) fn kept(&self) -> &Arc<MemoryJournal> {
        &self.kept
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what it is asked for, until it is dropped.
    pub(crate) async fn work(&self) {
        loop {
            let (group, commit, answer) = {
                let mut queue = self.queue();
                let times = (queue.dice.millis(1..20), queue.dice.millis(0..5));
                (std::mem::take(&mut queue.tasks), times.0, times.1)
            };
            if group.is_empty() {
                self.asked.notified().await;
                continue;
            }
            tokio::time::sleep(commit).await;
            let full = self.plan.is_full(self.time.passed());
            let tells: Vec<Tell> = group.into_iter().map(|task| task(&self.kept, full)).collect();
            tokio::time::sleep(answer).await;
            for tell in tells {
                tell();
            }
        }
    }

    /// Writes in its turn, if there is room.
    fn write<T, W>(&self, work: W) -> Wait<T>
    where
        T: Send + 'static,
        W: FnOnce(&MemoryJournal, &Ledger) -> Result<T, JournalError> + Send + 'static,
    {
        self.ask(move |kept, ledger, full| if full { Err(JournalError::Full) } else { work(kept, ledger) })
    }

    /// Does something in its turn.
    fn ask<T, W>(&self, work: W) -> Wait<T>
    where
        T: Send + 'static,
        W: FnOnce(&MemoryJournal, &Ledger, bool) -> Result<T, JournalError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let ledger = self.ledger.clone();
        self.queue().tasks.push(Box::new(move |kept, full| {
            let result = work(kept, &ledger, full);
            Box::new(move || drop(tell.send(result)))
        }));
        self.asked.notify_one();
        Box::pin(
            async move { told.await.unwrap_or_else(|_| Err(JournalError::Stopped("it is gone".into()))) },
        )
    }

    /// Reads what is there by then.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&MemoryJournal) -> Wait<T> + Send + 'static,
    ) -> Wait<T> {
        let wait = self.queue().dice.millis(0..4);
        let kept = Arc::clone(&self.kept);
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            read(&kept).await
        })
    }
}

/// What a journal in memory answers, which it does at once.
pub(crate) fn at_once<T>(mut wait: Wait<T>) -> Result<T, JournalError> {
    match wait.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("a journal in memory waits for nothing"),
    }
}
