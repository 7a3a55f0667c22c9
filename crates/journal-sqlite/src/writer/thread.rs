//! The thread of the writer, from its first transaction to its end.

use super::checkpoint::checkpoint;
use super::command::Task;
use super::group::{Broken, GroupCommit, GroupOutcome};
use super::queue::{Group, Queue};
use crate::background::Check;
use crate::column::{count, number};
use crate::failure::CommandResult;
use crate::holder;
use crate::lock::Lock;
use crate::reader::Reader;
use crate::room::{self, Room};
use crate::seal::Sealer;
use crate::status::Status;
use crate::txn::{Txn, WriterState};
use footbridge_journal::{Account, JournalError, Wait};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The bytes written after which the writer makes a checkpoint, roughly. Often and small: rare large ones delay the
/// queue by tens of milliseconds.
const CHECKPOINT_BYTES: usize = 800 << 10;
/// The bytes that a group costs beside its rows: pages of indexes and of the account.
const GROUP_OVERHEAD: usize = 24 << 10;

/// How long a group waits for another program's lock before it is refused, and the pause between two tries.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);
/// How often a lock that stays is logged.
const LOG_EVERY: Duration = Duration::from_secs(30);

/// The parts that the thread is built from.
#[derive(Debug)]
pub(crate) struct WriterParts {
    pub(crate) conn: Connection,
    pub(crate) state: WriterState,
    pub(crate) sealer: Sealer,
    pub(crate) lock: Lock,
    pub(crate) readers: Vec<Arc<Reader>>,
    pub(crate) check: Option<Check>,
    pub(crate) room: Room,
    /// The shared memory of the database, whose locks show who writes.
    pub(crate) shm: PathBuf,
    pub(crate) status: Arc<Status>,
}

/// The handle on the writer.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    account: Arc<Mutex<Account>>,
    /// Held until the end even when the writer stopped by itself: the files may not be sound.
    _lock: Arc<Mutex<Option<Lock>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread of the writer.
    pub(crate) fn start(parts: WriterParts, queue: Arc<Queue>) -> io::Result<Self> {
        let WriterParts { conn, state, sealer, lock, readers, check, room, shm, status } = parts;
        let account = Arc::new(Mutex::new(state.account));
        let lock = Arc::new(Mutex::new(Some(lock)));
        let thread = Thread {
            conn,
            sealer,
            readers,
            check,
            room,
            blocked: Blocked { shm, status, since: None, logged: None },
            queue: queue.clone(),
            account: account.clone(),
            lock: lock.clone(),
            unwritten: 0,
        };
        let thread =
            std::thread::Builder::new().name("journal-writer".into()).spawn(move || thread.run(state))?;
        Ok(Self { queue, account, _lock: lock, thread: Some(thread) })
    }

    /// Queues a command now; the answer comes after its commit. `weight` is roughly the bytes that it writes.
    pub(crate) fn ask<T, F>(&self, weight: usize, work: F) -> Wait<T>
    where
        T: Send + 'static,
        F: Fn(&mut Txn<'_>) -> CommandResult<T> + Send + 'static,
    {
        self.push(weight, false, work)
    }

    /// Does the same as [`Writer::ask`] for a command that makes the journal grow: it is refused while the disk is
    /// full.
    pub(crate) fn ask_room<T, F>(&self, weight: usize, work: F) -> Wait<T>
    where
        T: Send + 'static,
        F: Fn(&mut Txn<'_>) -> CommandResult<T> + Send + 'static,
    {
        self.push(weight, true, work)
    }

    fn push<T, F>(&self, weight: usize, grows: bool, work: F) -> Wait<T>
    where
        T: Send + 'static,
        F: Fn(&mut Txn<'_>) -> CommandResult<T> + Send + 'static,
    {
        let (task, answer) = Task::new(weight, grows, work);
        if let Err(error) = self.queue.push(Box::new(task)) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let queue = self.queue.clone();
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(queue.why())) })
    }

    /// Returns the account after the last commit.
    pub(crate) fn account(&self) -> Account {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.close());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been logged through the queue.
            let _ = thread.join();
        }
    }
}

struct Thread {
    conn: Connection,
    sealer: Sealer,
    readers: Vec<Arc<Reader>>,
    check: Option<Check>,
    room: Room,
    blocked: Blocked,
    queue: Arc<Queue>,
    account: Arc<Mutex<Account>>,
    lock: Arc<Mutex<Option<Lock>>>,
    unwritten: usize,
}

impl Thread {
    fn run(mut self, state: WriterState) {
        let alarm = PanicGuard(self.queue.clone());
        let result = self.serve(state);
        if let Err(reason) = &result {
            tracing::error!(%reason, "the journal has stopped");
            self.queue.stop(reason.clone());
        }
        drop(self.check.take());
        for reader in &self.readers {
            reader.close();
        }
        if result.is_err() {
            // What the log holds is left for the next start to judge.
            let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        let Self { conn, lock, queue, room, .. } = self;
        drop(conn);
        if result.is_ok() {
            room.leave_reserve();
            drop(lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        queue.end();
        drop(alarm);
    }

    fn serve(&mut self, state: WriterState) -> Result<(), String> {
        let Self { conn, sealer, room, blocked, queue, account, unwritten, .. } = self;
        let before = (state.swept, state.session);
        let mut commit = GroupCommit { conn, sealer, room, published: account, state, before };
        loop {
            let patrol = (room.is_full() || blocked.is_blocked()).then_some(room::EVERY);
            let Some(mut group) = queue.take(patrol) else { return Ok(()) };
            if room.is_full() {
                room.look(unused(conn));
                if room.is_full() {
                    let growing = group.commands.extract_if(.., |command| command.grows());
                    commit.answer(growing.collect::<Vec<_>>(), &Err(JournalError::Full));
                    queue.count_dropped(count(queue.put_back(&mut group.records)));
                }
            }
            *unwritten += group.bytes + GROUP_OVERHEAD;
            // Nobody may be asked anything more by the time that those in the group hear of it.
            let written = write(&mut commit, &mut group, blocked, queue)
                .inspect_err(|Broken(reason)| queue.stop(reason.clone()));
            match written.map_err(|Broken(reason)| reason)? {
                GroupOutcome::Yes { lost } => queue.count_dropped(count(lost)),
                GroupOutcome::Full => {
                    queue.count_dropped(count(queue.put_back(&mut group.records)));
                    *unwritten = CHECKPOINT_BYTES;
                }
                GroupOutcome::Busy(why) => {
                    commit.answer(group.commands.drain(..), &Err(JournalError::Busy(why)));
                    queue.count_dropped(count(queue.put_back(&mut group.records)));
                }
            }
            if *unwritten >= CHECKPOINT_BYTES {
                if checkpoint(conn, room)? {
                    room.release_some();
                }
                *unwritten = 0;
            }
        }
    }
}

/// Writes a group, and waits a while for whatever keeps the journal from its file.
fn write(
    commit: &mut GroupCommit<'_>,
    group: &mut Group,
    blocked: &mut Blocked,
    queue: &Queue,
) -> Result<GroupOutcome, Broken> {
    let begun = Instant::now();
    loop {
        match commit.write(group)? {
            GroupOutcome::Busy(why) if begun.elapsed() >= blocked.patience() => {
                return Ok(GroupOutcome::Busy(blocked.set(&why)));
            }
            GroupOutcome::Busy(_) => queue.pause(PAUSE),
            written => {
                blocked.clear();
                return Ok(written);
            }
        }
    }
}

/// Whatever keeps the writer from the database, such as another program's lock.
struct Blocked {
    shm: PathBuf,
    status: Arc<Status>,
    since: Option<Instant>,
    logged: Option<Instant>,
}

impl Blocked {
    fn is_blocked(&self) -> bool {
        self.since.is_some()
    }

    /// How long a group waits: not at all once it is known that waiting does not help.
    fn patience(&self) -> Duration {
        if self.is_blocked() { Duration::ZERO } else { PATIENCE }
    }

    /// Records that the writer cannot write, and returns the reason.
    fn set(&mut self, why: &str) -> String {
        let now = Instant::now();
        self.since.get_or_insert(now);
        self.status.set_locked(true);
        let holder = holder::of_write_lock(&self.shm);
        if self.logged.is_none_or(|logged| now - logged >= LOG_EVERY) {
            self.logged = Some(now);
            let held_by = holder.as_deref().unwrap_or("unknown");
            tracing::warn!(
                held_by,
                why,
                "the database cannot be written: nothing is accepted until the lock on it is released"
            );
        }
        holder.map_or_else(|| why.to_owned(), |holder| format!("{holder} holds a lock on the database"))
    }

    /// Records that the writer could write.
    fn clear(&mut self) {
        if let Some(since) = self.since.take() {
            self.logged = None;
            self.status.set_locked(false);
            tracing::info!(after = ?since.elapsed(), "the database can be written again");
        }
    }
}

/// Returns the bytes of the database's unused pages.
fn unused(conn: &Connection) -> u64 {
    let one = |sql: &str| conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let pages = one("PRAGMA freelist_count").unwrap_or(0);
    number(pages.saturating_mul(one("PRAGMA page_size").unwrap_or(0)))
}

/// Stops the queue when the thread panics.
struct PanicGuard(Arc<Queue>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop("its thread panicked".to_owned());
            self.0.end();
        }
    }
}
