//! The queue of the writer.

use super::command::Command;
use footbridge_journal::JournalError;
use footbridge_model::exchange::ExchangeRecord;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// The most commands in one transaction.
const GROUP_COMMANDS: usize = 512;
/// The most bytes in one transaction, apart from its last command.
const GROUP_BYTES: usize = 4 << 20;
/// The most exchange records in one transaction: they must not delay the commands.
const GROUP_RECORDS: usize = 1024;
/// The most exchange records that wait.
const RECORDS: usize = 8192;
/// The longest time that an exchange record waits for a command.
const RECORD_WAIT: Duration = Duration::from_millis(250);

/// The content of one transaction.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) commands: Vec<Box<dyn Command>>,
    pub(crate) records: Vec<ExchangeRecord>,
    /// The bytes that it writes, roughly.
    pub(crate) bytes: usize,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({} commands, {} records)", self.commands.len(), self.records.len())
    }
}

#[derive(Default)]
struct Waiting {
    commands: VecDeque<Box<dyn Command>>,
    records: VecDeque<ExchangeRecord>,
    /// True if the writer sleeps: only then does waking it need a system call.
    asleep: bool,
    closed: bool,
    /// True if the writer has ended.
    ended: bool,
    closers: Vec<oneshot::Sender<Result<(), JournalError>>>,
}

/// The writer's queue and the writer's state.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    dropped: AtomicU64,
    stopped: watch::Sender<Option<String>>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            wake: Condvar::new(),
            dropped: AtomicU64::new(0),
            stopped: watch::Sender::new(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that runs under the lock can panic half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error for new calls, if the queue accepts none.
    pub(crate) fn refusal(&self) -> Option<JournalError> {
        self.lock().closed.then(|| self.why())
    }

    /// The reason for which the writer accepts or answers nothing more.
    pub(crate) fn why(&self) -> JournalError {
        let reason = self.stopped.borrow().clone();
        JournalError::Stopped(reason.unwrap_or_else(|| "it was closed".to_owned()))
    }

    /// Adds a command to the queue.
    pub(crate) fn push(&self, command: Box<dyn Command>) -> Result<(), JournalError> {
        let mut waiting = self.lock();
        if waiting.closed {
            drop(waiting);
            return Err(self.why());
        }
        waiting.commands.push_back(command);
        self.rouse(waiting);
        Ok(())
    }

    /// Adds an exchange record, which is written with the next transaction.
    pub(crate) fn push_record(&self, record: ExchangeRecord) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.records.len() >= RECORDS {
            drop(waiting);
            self.count_dropped(1);
            return;
        }
        waiting.records.push_back(record);
        // The others ride along with the first, for which the writer has set its alarm, unless they fill a
        // group before it rings.
        if matches!(waiting.records.len(), 1 | GROUP_RECORDS) {
            self.rouse(waiting);
        }
    }

    fn rouse(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Counts dropped exchange records.
    pub(crate) fn count_dropped(&self, records: u64) {
        self.dropped.fetch_add(records, Ordering::Relaxed);
    }

    /// Returns how many exchange records were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits for work and takes it. Returns `None` once the queue is closed and empty. With `longest` it waits no
    /// longer than that and may return an empty group.
    pub(crate) fn take(&self, longest: Option<Duration>) -> Option<Group> {
        let mut waiting = self.lock();
        while waiting.commands.is_empty() && waiting.records.is_empty() && !waiting.closed {
            waiting.asleep = true;
            let Some(longest) = longest else {
                waiting = self.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (woken, timed) =
                self.wake.wait_timeout(waiting, longest).unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            if timed.timed_out() && waiting.commands.is_empty() && !waiting.closed {
                waiting.asleep = false;
                return Some(Group::default());
            }
        }
        if waiting.commands.is_empty() && !waiting.closed {
            waiting.asleep = true;
            let idle = |waiting: &mut Waiting| {
                waiting.commands.is_empty() && waiting.records.len() < GROUP_RECORDS && !waiting.closed
            };
            waiting = self
                .wake
                .wait_timeout_while(waiting, RECORD_WAIT, idle)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        waiting.asleep = false;
        let mut group = Group::default();
        while group.commands.len() < GROUP_COMMANDS && group.bytes < GROUP_BYTES {
            let Some(command) = waiting.commands.pop_front() else { break };
            group.bytes += command.weight();
            group.commands.push(command);
        }
        let records = waiting.records.len().min(GROUP_RECORDS);
        group.records.extend(waiting.records.drain(..records));
        (!group.commands.is_empty() || !group.records.is_empty()).then_some(group)
    }

    /// Puts exchange records back that could not be written, before newer ones. Returns how many found no place.
    pub(crate) fn put_back(&self, records: &mut Vec<ExchangeRecord>) -> usize {
        let mut waiting = self.lock();
        if waiting.closed {
            // The last group would never be the last.
            return records.drain(..).count();
        }
        let fit = RECORDS.saturating_sub(waiting.records.len()).min(records.len());
        let lost = records.len() - fit;
        for record in records.drain(..).skip(lost).rev() {
            waiting.records.push_front(record);
        }
        lost
    }

    /// Waits for a short time.
    pub(crate) fn pause(&self, time: Duration) {
        let waiting = self.lock();
        drop(self.wake.wait_timeout_while(waiting, time, |_| true).unwrap_or_else(PoisonError::into_inner));
    }

    /// Closes the queue. What waits is still written. The answer comes when the writer has ended.
    pub(crate) fn close(&self) -> oneshot::Receiver<Result<(), JournalError>> {
        let (closer, answer) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.closed = true;
        if waiting.ended {
            drop(waiting);
            self.answer_close(closer);
        } else {
            waiting.closers.push(closer);
            self.rouse(waiting);
        }
        answer
    }

    fn answer_close(&self, closer: oneshot::Sender<Result<(), JournalError>>) {
        let stopped = self.stopped.borrow().is_some();
        // Whoever closed it may not care.
        let _ = closer.send(if stopped { Err(self.why()) } else { Ok(()) });
    }

    /// Stops the queue because the writer has stopped by itself: nothing that waits will be written.
    pub(crate) fn stop(&self, reason: String) {
        self.stopped.send_replace(Some(reason));
        let mut waiting = self.lock();
        waiting.closed = true;
        let unwritten = std::mem::take(&mut waiting.commands);
        waiting.records.clear();
        drop(waiting);
        drop(unwritten);
    }

    /// Reports that the writer has ended and has closed its files.
    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.ended = true;
        let closers = std::mem::take(&mut waiting.closers);
        drop(waiting);
        for closer in closers {
            self.answer_close(closer);
        }
    }

    /// Returns a channel that gets the reason when the writer stops by itself.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<String>> {
        self.stopped.subscribe()
    }
}
