//! Reads of the latest commit, on a thread of their own.

use crate::failure::{CommandResult, is_temporary, of_read};
use footbridge_journal::{JournalError, Wait};
use rusqlite::{Connection, OpenFlags};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most reads that wait. More are refused at once.
const READS: usize = 1024;
/// How long a read waits for another program's lock.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause after a connection could not be opened. Reads in that time get the same error. The pause doubles with
/// every failure up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A read. Returns true if its connection may be used again.
type Read = Box<dyn FnOnce(Result<&Connection, JournalError>) -> bool + Send>;

/// A connection that only reads, and its thread. After an error or a panic the next read opens a new connection on a
/// new thread.
pub(crate) struct Reader {
    path: PathBuf,
    running: Mutex<Running>,
}

enum Running {
    Not,
    Yes(SyncSender<Read>, JoinHandle<()>),
    Closed,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, running: Mutex::new(Running::Not) }
    }

    /// Opens the connection and starts the thread before the first read, so that neither depends on what descriptors
    /// are left by then. A failure is ignored: the first read tries again.
    pub(crate) fn prepare(&self) {
        drop(self.ask(|_| Ok(())));
    }

    /// Queues a read for the thread.
    pub(crate) fn ask<T, F>(&self, read: F) -> Wait<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> CommandResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |conn| {
            let (result, usable) = match conn.map(read) {
                Ok(Ok(value)) => (Ok(value), true),
                Ok(Err(fault)) => {
                    let usable = !fault.spoils_connection();
                    (Err(of_read(fault)), usable)
                }
                Err(error) => (Err(error), true),
            };
            // Whoever asked may have gone.
            let _ = reply.send(result);
            usable
        });
        if let Err(error) = self.send(job) {
            return Box::pin(std::future::ready(Err(error)));
        }
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(ended())) })
    }

    fn send(&self, job: Read) -> Result<(), JournalError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match &*running {
            Running::Closed => return Err(ended()),
            Running::Not => job,
            Running::Yes(queue, _) => match queue.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => {
                    return Err(JournalError::Busy("too many reads wait already".to_owned()));
                }
                // Its thread panicked.
                Err(TrySendError::Disconnected(job)) => job,
            },
        };
        let (queue, thread) = self.start()?;
        // The queue is new and empty.
        let sent = queue.try_send(job);
        *running = Running::Yes(queue, thread);
        sent.map_err(|_| ended())
    }

    fn start(&self) -> Result<(SyncSender<Read>, JoinHandle<()>), JournalError> {
        let (queue, jobs) = sync_channel(READS);
        let path = self.path.clone();
        let thread = std::thread::Builder::new()
            .name("journal-reader".into())
            .spawn(move || serve(&path, &jobs))
            .map_err(|error| JournalError::Busy(format!("no thread to read on: {error}")))?;
        Ok((queue, thread))
    }

    /// Answers what waits and closes the connection.
    pub(crate) fn close(&self) {
        let running = std::mem::replace(
            &mut *self.running.lock().unwrap_or_else(PoisonError::into_inner),
            Running::Closed,
        );
        if let Running::Yes(queue, thread) = running {
            drop(queue);
            // A panic in there has been told to whoever waited.
            let _ = thread.join();
        }
    }
}

fn ended() -> JournalError {
    JournalError::Stopped("it was closed".to_owned())
}

/// Why there is no connection, until when this is answered without another try, and the pause after the next failure.
struct Refusal {
    error: JournalError,
    until: Instant,
    pause: Duration,
}

fn serve(path: &Path, jobs: &Receiver<Read>) {
    let (mut conn, mut refusal): (Option<Connection>, Option<Refusal>) = (None, None);
    while let Ok(job) = jobs.recv() {
        if conn.is_none() && refusal.as_ref().is_none_or(|refusal| refusal.until <= Instant::now()) {
            match for_reading(path) {
                Ok(opened) => (conn, refusal) = (Some(opened), None),
                Err(error) => refusal = Some(refused(&error, refusal)),
            }
        }
        let given = match (&conn, &refusal) {
            (Some(conn), _) => Ok(conn),
            (None, Some(refusal)) => Err(refusal.error.clone()),
            (None, None) => Err(ended()),
        };
        if !job(given) {
            conn = None;
        }
    }
}

fn refused(error: &rusqlite::Error, before: Option<Refusal>) -> Refusal {
    tracing::warn!(%error, "the database could not be opened for reading");
    let pause = before.map_or(PAUSE, |before| (before.pause * 2).min(LONGEST_PAUSE));
    let why = format!("the database could not be opened for reading: {error}");
    let error = if is_temporary(error) { JournalError::Busy(why) } else { JournalError::Corrupt(why) };
    Refusal { error, until: Instant::now() + pause, pause }
}

/// Opens a connection that only reads, and reads once, so that its files are open.
pub(crate) fn for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(PATIENCE)?;
    conn.execute_batch(
        "PRAGMA query_only = 1; PRAGMA mmap_size = 0; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    conn.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))?;
    Ok(conn)
}
