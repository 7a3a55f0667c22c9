//! The writer's thread, from its first transaction to its end.

use super::checkpoint::checkpoint;
use super::command::Task;
use super::group::{Broken, Desk, Written};
use super::queue::{Group, Queue};
use crate::background::Check;
use crate::column::{count, number};
use crate::fault::Step;
use crate::holder;
use crate::lock::Lock;
use crate::reader::Reader;
use crate::room::{self, Room};
use crate::seal::Sealer;
use crate::status::Status;
use crate::txn::{State, Txn};
use footbridge_journal::{Account, JournalError, Wait};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// After how many bytes written, about, the log is carried over into the database. Often and little:
/// rare big ones hold the queue up for tens of milliseconds.
const CHECKPOINT_BYTES: usize = 800 << 10;
/// What a group costs beside its rows: the pages of indexes and of the account.
const GROUP_OVERHEAD: usize = 24 << 10;

/// How long a group waits for another program's lock before those in it are refused, and the pause between two tries.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);
/// How often a lock that stays is told of.
const TELL: Duration = Duration::from_secs(30);

/// What the thread is given.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) conn: Connection,
    pub(crate) state: State,
    pub(crate) sealer: Sealer,
    pub(crate) lock: Lock,
    pub(crate) readers: Vec<Arc<Reader>>,
    pub(crate) check: Option<Check>,
    pub(crate) room: Room,
    /// The shared memory of the database, whose locks tell who writes.
    pub(crate) shm: PathBuf,
    pub(crate) status: Arc<Status>,
}

/// The way to the writer.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    account: Arc<Mutex<Account>>,
    /// Held until the end even when the writer stopped by itself: the files are in doubt.
    _lock: Arc<Mutex<Option<Lock>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(parts: Parts, queue: Arc<Queue>) -> io::Result<Self> {
        let Parts { conn, state, sealer, lock, readers, check, room, shm, status } = parts;
        let account = Arc::new(Mutex::new(state.account));
        let lock = Arc::new(Mutex::new(Some(lock)));
        let thread = Thread {
            conn,
            sealer,
            readers,
            check,
            room,
            blocked: Blocked { shm, status, since: None, told: None },
            queue: queue.clone(),
            account: account.clone(),
            lock: lock.clone(),
            unwritten: 0,
        };
        let thread =
            std::thread::Builder::new().name("journal-writer".into()).spawn(move || thread.run(state))?;
        Ok(Self { queue, account, _lock: lock, thread: Some(thread) })
    }

    /// Puts work into the queue now; the answer comes after its commit. `weight` is about how many
    /// bytes it writes.
    pub(crate) fn ask<T, F>(&self, weight: usize, work: F) -> Wait<T>
    where
        T: Send + 'static,
        F: Fn(&mut Txn<'_>) -> Step<T> + Send + 'static,
    {
        self.push(weight, false, work)
    }

    /// As [`Writer::ask`], for work that makes the journal grow: it is refused while the disk is full.
    pub(crate) fn ask_room<T, F>(&self, weight: usize, work: F) -> Wait<T>
    where
        T: Send + 'static,
        F: Fn(&mut Txn<'_>) -> Step<T> + Send + 'static,
    {
        self.push(weight, true, work)
    }

    fn push<T, F>(&self, weight: usize, grows: bool, work: F) -> Wait<T>
    where
        T: Send + 'static,
        F: Fn(&mut Txn<'_>) -> Step<T> + Send + 'static,
    {
        let (task, answer) = Task::new(weight, grows, work);
        if let Err(error) = self.queue.push(Box::new(task)) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let queue = self.queue.clone();
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(queue.why())) })
    }

    /// The account after the last commit.
    pub(crate) fn account(&self) -> Account {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.close());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been told through the queue.
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
    fn run(mut self, state: State) {
        let alarm = Alarm(self.queue.clone());
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

    fn serve(&mut self, state: State) -> Result<(), String> {
        let Self { conn, sealer, room, blocked, queue, account, unwritten, .. } = self;
        let swept = state.swept;
        let mut desk = Desk { conn, sealer, room, published: account, state, swept };
        loop {
            let patrol = (room.is_full() || blocked.is_blocked()).then_some(room::EVERY);
            let Some(mut group) = queue.take(patrol) else { return Ok(()) };
            if room.is_full() {
                room.look(unused(conn));
                if room.is_full() {
                    let growing = group.commands.extract_if(.., |command| command.grows());
                    desk.answer(growing.collect::<Vec<_>>(), &Err(JournalError::Full));
                    queue.drop_notes(count(queue.put_back(&mut group.notes)));
                }
            }
            *unwritten += group.bytes + GROUP_OVERHEAD;
            // Nobody may be asked anything more by the time that those in the group hear of it.
            let written = write(&mut desk, &mut group, blocked, queue)
                .inspect_err(|Broken(reason)| queue.stop(reason.clone()));
            match written.map_err(|Broken(reason)| reason)? {
                Written::Yes { lost } => queue.drop_notes(count(lost)),
                Written::Full => {
                    queue.drop_notes(count(queue.put_back(&mut group.notes)));
                    *unwritten = CHECKPOINT_BYTES;
                }
                Written::Busy(why) => {
                    desk.answer(group.commands.drain(..), &Err(JournalError::Busy(why)));
                    queue.drop_notes(count(queue.put_back(&mut group.notes)));
                }
            }
            if *unwritten >= CHECKPOINT_BYTES {
                if checkpoint(conn, room)? {
                    room.run_out();
                }
                *unwritten = 0;
            }
        }
    }
}

/// Writes a group, waiting a while for what keeps the journal from its file.
fn write(
    desk: &mut Desk<'_>,
    group: &mut Group,
    blocked: &mut Blocked,
    queue: &Queue,
) -> Result<Written, Broken> {
    let begun = Instant::now();
    loop {
        match desk.write(group)? {
            Written::Busy(why) if begun.elapsed() >= blocked.patience() => {
                return Ok(Written::Busy(blocked.blocks(&why)));
            }
            Written::Busy(_) => queue.pause(PAUSE),
            written => {
                blocked.passes();
                return Ok(written);
            }
        }
    }
}

/// What keeps the writer from the database, such as another program's lock.
struct Blocked {
    shm: PathBuf,
    status: Arc<Status>,
    since: Option<Instant>,
    told: Option<Instant>,
}

impl Blocked {
    fn is_blocked(&self) -> bool {
        self.since.is_some()
    }

    /// How long a group waits: once it is known that waiting does not help, hardly at all.
    fn patience(&self) -> Duration {
        if self.is_blocked() { Duration::ZERO } else { PATIENCE }
    }

    /// Notes that the writer cannot write, giving why.
    fn blocks(&mut self, why: &str) -> String {
        let now = Instant::now();
        self.since.get_or_insert(now);
        self.status.set_locked(true);
        let holder = holder::of_write_lock(&self.shm);
        if self.told.is_none_or(|told| now - told >= TELL) {
            self.told = Some(now);
            let held_by = holder.as_deref().unwrap_or("unknown");
            tracing::warn!(
                held_by,
                why,
                "the database cannot be written: nothing is accepted until the lock on it is released"
            );
        }
        holder.map_or_else(|| why.to_owned(), |holder| format!("{holder} holds a lock on the database"))
    }

    /// Notes that the writer could write.
    fn passes(&mut self) {
        if let Some(since) = self.since.take() {
            self.told = None;
            self.status.set_locked(false);
            tracing::info!(after = ?since.elapsed(), "the database can be written again");
        }
    }
}

/// How many bytes of the database are in pages that it does not use.
fn unused(conn: &Connection) -> u64 {
    let one = |sql: &str| conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let pages = one("PRAGMA freelist_count").unwrap_or(0);
    number(pages.saturating_mul(one("PRAGMA page_size").unwrap_or(0)))
}

/// Tells the waiting when the thread panics.
struct Alarm(Arc<Queue>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop("its thread panicked".to_owned());
            self.0.end();
        }
    }
}
