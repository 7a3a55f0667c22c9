//! Reads that tolerate the last commit, on a thread of their own.

use crate::fault::{Step, of_read};
use footbridge_journal::{JournalError, Wait};
use rusqlite::{Connection, OpenFlags};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The most reads that wait; more are refused at once.
const READS: usize = 1024;

type Read = Box<dyn FnOnce(&Result<Connection, JournalError>) + Send>;

/// A connection that only reads, opened with the first read.
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

    /// Puts a read into the queue.
    pub(crate) fn ask<T, F>(&self, read: F) -> Wait<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Step<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |conn| {
            let result = conn.as_ref().map_err(Clone::clone).and_then(|conn| read(conn).map_err(of_read));
            // Whoever asked may have gone.
            let _ = reply.send(result);
        });
        if let Err(error) = self.send(job) {
            return Box::pin(std::future::ready(Err(error)));
        }
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(ended())) })
    }

    fn send(&self, job: Read) -> Result<(), JournalError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*running, Running::Not) {
            *running = self.start()?;
        }
        let Running::Yes(queue, _) = &*running else { return Err(ended()) };
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => JournalError::Conflict("too many reads wait already"),
            TrySendError::Disconnected(_) => ended(),
        })
    }

    fn start(&self) -> Result<Running, JournalError> {
        let (queue, jobs) = sync_channel(READS);
        let path = self.path.clone();
        let thread = std::thread::Builder::new()
            .name("journal-reader".into())
            .spawn(move || serve(&path, &jobs))
            .map_err(|error| JournalError::Stopped(format!("no thread to read on: {error}")))?;
        Ok(Running::Yes(queue, thread))
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

fn serve(path: &std::path::Path, jobs: &Receiver<Read>) {
    let conn = for_reading(path).map_err(|error| JournalError::Corrupt(error.to_string()));
    while let Ok(job) = jobs.recv() {
        job(&conn);
    }
}

/// A connection that only reads.
fn for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.execute_batch(
        "PRAGMA query_only = 1; PRAGMA mmap_size = 0; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )?;
    Ok(conn)
}
