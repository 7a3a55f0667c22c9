//! The writer's thread, from its first transaction to its end.

use super::command::Task;
use super::group::{Desk, Written};
use super::queue::Queue;
use crate::column::count;
use crate::fault::{Step, Trouble};
use crate::lock::Lock;
use crate::reader::Reader;
use crate::seal::Sealer;
use crate::txn::{State, Txn};
use footbridge_journal::{Account, Wait};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// After how many bytes written, about, the log is carried over into the database. Often and little:
/// rare big ones hold the queue up for tens of milliseconds.
const CHECKPOINT_BYTES: usize = 800 << 10;
/// What a group costs beside its rows: the pages of indexes and of the account.
const GROUP_OVERHEAD: usize = 24 << 10;

/// What the thread is given.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) conn: Connection,
    pub(crate) state: State,
    pub(crate) sealer: Sealer,
    pub(crate) lock: Lock,
    pub(crate) readers: Vec<Arc<Reader>>,
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
        let Parts { conn, state, sealer, lock, readers } = parts;
        let account = Arc::new(Mutex::new(state.account));
        let lock = Arc::new(Mutex::new(Some(lock)));
        let thread = Thread {
            conn,
            sealer,
            readers,
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
        let (task, answer) = Task::new(weight, work);
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
        for reader in &self.readers {
            reader.close();
        }
        if result.is_err() {
            // What the log holds is left for the next start to judge.
            let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        let Self { conn, lock, queue, .. } = self;
        drop(conn);
        if result.is_ok() {
            drop(lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        queue.end();
        drop(alarm);
    }

    fn serve(&mut self, state: State) -> Result<(), String> {
        let mut desk = Desk { conn: &self.conn, sealer: &self.sealer, published: &self.account, state };
        while let Some(mut group) = self.queue.take() {
            let notes = group.notes.len();
            self.unwritten += group.bytes + GROUP_OVERHEAD;
            // Told before the group is dropped, which is what tells those in it.
            let written = desk.write(&mut group).inspect_err(|reason| self.queue.stop(reason.clone()))?;
            match written {
                Written::Yes { lost } => self.queue.drop_notes(count(lost)),
                Written::Full => {
                    tracing::warn!("the disk that holds the journal is full");
                    self.queue.drop_notes(count(notes));
                    // Carrying the log over lets it begin anew, in room it already has.
                    self.unwritten = CHECKPOINT_BYTES;
                }
            }
            if self.unwritten >= CHECKPOINT_BYTES {
                checkpoint(&self.conn)?;
                self.unwritten = 0;
            }
        }
        Ok(())
    }
}

/// Carries the log over into the database. Asked for by ourselves, after the answers: the automatic one
/// runs before them and keeps its errors to itself.
fn checkpoint(conn: &Connection) -> Result<(), String> {
    let done = conn
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut pragma| pragma.query_row([], |_| Ok(())));
    match done.map_err(|error| Trouble::of(&error)) {
        Ok(()) | Err(Trouble::Full) => Ok(()),
        Err(Trouble::Own(error)) => Err(error.to_string()),
        Err(Trouble::Broken(reason)) => Err(reason),
    }
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
