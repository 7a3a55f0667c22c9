//! Checks the pages of a large database on a thread of its own while the server serves.

use crate::check;
use crate::reader::for_reading;
use crate::status::Status;
use rusqlite::{Connection, InterruptHandle};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The delay before the check, so that it does not slow a start down.
const DELAY: Duration = Duration::from_secs(2);
/// No check is made above this size: while it reads, the write-ahead log can only grow.
const LARGEST: u64 = 2 << 30;

/// A running check. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Check {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    state: Mutex<State>,
    wake: Condvar,
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

#[derive(Default)]
struct State {
    stopped: bool,
    running: Option<InterruptHandle>,
}

impl Stop {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Check {
    /// Starts the check, unless a database of this size would take too long.
    pub(crate) fn begin(path: PathBuf, size: u64, status: Arc<Status>) -> Self {
        let stop = Arc::new(Stop::default());
        if size > LARGEST {
            tracing::info!(
                database = %path.display(),
                "the database is too large to be checked at every start; `PRAGMA quick_check` does it by hand"
            );
            return Self { stop, thread: None };
        }
        let seen = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("journal-check".into()).spawn(move || {
            let waiting = seen.lock();
            let stopped = seen.wake.wait_timeout_while(waiting, DELAY, |state| !state.stopped);
            if !stopped.unwrap_or_else(PoisonError::into_inner).0.stopped {
                run(&path, &seen, &status);
            }
        });
        // Without a thread there is no check, which nothing depends on.
        Self { stop, thread: thread.ok() }
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        let mut state = self.stop.lock();
        state.stopped = true;
        if let Some(running) = &state.running {
            running.interrupt();
        }
        drop(state);
        self.stop.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(path: &Path, stop: &Stop, status: &Status) {
    let begin = |conn: &Connection| {
        let mut state = stop.lock();
        state.running = Some(conn.get_interrupt_handle());
        !state.stopped
    };
    let found = for_reading(path).and_then(|conn| {
        let found = if begin(&conn) { check::pages(&conn) } else { Ok(Vec::new()) };
        stop.lock().running = None;
        found
    });
    match found {
        Ok(found) if found.is_empty() => tracing::debug!("the pages of the database hold together"),
        Ok(found) => {
            tracing::error!(
                database = %path.display(),
                found = found.join("; "),
                "the database is damaged: stop the server and restore it from a backup"
            );
            status.warn("the database is damaged; the log says where: restore it from a backup");
        }
        Err(error) => tracing::debug!(%error, "the database could not be checked"),
    }
}
