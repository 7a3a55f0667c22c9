//! What waits for the writer.

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
/// The most bytes in one transaction, but for its last command.
const GROUP_BYTES: usize = 4 << 20;
/// The most notes in one transaction: they must not hold up those that wait for it.
const GROUP_NOTES: usize = 1024;
/// The most notes that wait.
const NOTES: usize = 8192;
/// The longest a note waits for company.
const NOTE_WAIT: Duration = Duration::from_millis(250);

/// What is written in one transaction.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) commands: Vec<Box<dyn Command>>,
    pub(crate) notes: Vec<ExchangeRecord>,
    /// About how many bytes.
    pub(crate) bytes: usize,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({} commands, {} notes)", self.commands.len(), self.notes.len())
    }
}

#[derive(Default)]
struct Waiting {
    commands: VecDeque<Box<dyn Command>>,
    notes: VecDeque<ExchangeRecord>,
    /// Whether the writer sleeps: only then is waking it worth a system call.
    asleep: bool,
    closed: bool,
    /// Whether the writer is done with everything.
    ended: bool,
    closers: Vec<oneshot::Sender<Result<(), JournalError>>>,
}

/// The writer's queue, and what is known of the writer.
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

    /// Why nothing more is taken, if so.
    pub(crate) fn refusal(&self) -> Option<JournalError> {
        self.lock().closed.then(|| self.why())
    }

    /// Why the writer takes or answers nothing more.
    pub(crate) fn why(&self) -> JournalError {
        let reason = self.stopped.borrow().clone();
        JournalError::Stopped(reason.unwrap_or_else(|| "it was closed".to_owned()))
    }

    /// Puts a command behind the others.
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

    /// Leaves a note to be written along.
    pub(crate) fn note(&self, record: ExchangeRecord) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.notes.len() >= NOTES {
            drop(waiting);
            self.drop_notes(1);
            return;
        }
        waiting.notes.push_back(record);
        // The others ride along with the first, for which the writer has set its alarm, unless they fill a
        // group before it rings.
        if matches!(waiting.notes.len(), 1 | GROUP_NOTES) {
            self.rouse(waiting);
        }
    }

    fn rouse(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Counts notes that were left out.
    pub(crate) fn drop_notes(&self, notes: u64) {
        self.dropped.fetch_add(notes, Ordering::Relaxed);
    }

    /// How many notes were left out.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits for work and takes it; `None` once the queue is closed and empty. With `longest` it waits no longer than
    /// that and may give an empty group.
    pub(crate) fn take(&self, longest: Option<Duration>) -> Option<Group> {
        let mut waiting = self.lock();
        while waiting.commands.is_empty() && waiting.notes.is_empty() && !waiting.closed {
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
                waiting.commands.is_empty() && waiting.notes.len() < GROUP_NOTES && !waiting.closed
            };
            waiting = self
                .wake
                .wait_timeout_while(waiting, NOTE_WAIT, idle)
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
        let notes = waiting.notes.len().min(GROUP_NOTES);
        group.notes.extend(waiting.notes.drain(..notes));
        (!group.commands.is_empty() || !group.notes.is_empty()).then_some(group)
    }

    /// Puts notes back that could not be written, before those that came since; gives how many found no place.
    pub(crate) fn put_back(&self, notes: &mut Vec<ExchangeRecord>) -> usize {
        let mut waiting = self.lock();
        if waiting.closed {
            // The last group would never be the last.
            return notes.drain(..).count();
        }
        let fit = NOTES.saturating_sub(waiting.notes.len()).min(notes.len());
        let lost = notes.len() - fit;
        for note in notes.drain(..).skip(lost).rev() {
            waiting.notes.push_front(note);
        }
        lost
    }

    /// Lets some time pass.
    pub(crate) fn pause(&self, time: Duration) {
        let waiting = self.lock();
        drop(self.wake.wait_timeout_while(waiting, time, |_| true).unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes no more; what waits is still written. The answer comes when the writer has ended.
    pub(crate) fn close(&self) -> oneshot::Receiver<Result<(), JournalError>> {
        let (closer, answer) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.closed = true;
        if waiting.ended {
            drop(waiting);
            self.farewell(closer);
        } else {
            waiting.closers.push(closer);
            self.rouse(waiting);
        }
        answer
    }

    fn farewell(&self, closer: oneshot::Sender<Result<(), JournalError>>) {
        let stopped = self.stopped.borrow().is_some();
        // Whoever closed it may not care.
        let _ = closer.send(if stopped { Err(self.why()) } else { Ok(()) });
    }

    /// The writer has stopped by itself: nothing that waits will be written.
    pub(crate) fn stop(&self, reason: String) {
        self.stopped.send_replace(Some(reason));
        let mut waiting = self.lock();
        waiting.closed = true;
        let unwritten = std::mem::take(&mut waiting.commands);
        waiting.notes.clear();
        drop(waiting);
        drop(unwritten);
    }

    /// The writer is done with everything, the files included.
    pub(crate) fn end(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.ended = true;
        let closers = std::mem::take(&mut waiting.closers);
        drop(waiting);
        for closer in closers {
            self.farewell(closer);
        }
    }

    /// Tells when the writer stops by itself.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<String>> {
        self.stopped.subscribe()
    }
}
