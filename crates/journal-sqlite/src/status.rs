//! Problems of the journal at the moment, shared by its threads and shown to probes.

use footbridge_journal::JournalHealth;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The journal's condition. Everybody may see its texts, so they name neither paths nor processes.
#[derive(Debug, Default)]
pub(crate) struct Status {
    full: AtomicBool,
    locked: AtomicBool,
    warnings: Mutex<Vec<String>>,
}

impl Status {
    /// Returns true if the disk is full: only writes that do not grow the journal succeed.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Sets the disk to full or not, and returns true if that is a change.
    pub(crate) fn set_full(&self, full: bool) -> bool {
        self.full.swap(full, Ordering::Relaxed) != full
    }

    /// Sets that something keeps the writer from the database, or that it no longer does.
    pub(crate) fn set_locked(&self, locked: bool) {
        self.locked.store(locked, Ordering::Relaxed);
    }

    /// Adds a warning for the operator.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    /// The state that probes show.
    pub(crate) fn health(&self) -> JournalHealth {
        let mut problems = Vec::new();
        if self.is_full() {
            problems.push("the disk that holds the journal is full: nothing new is accepted".to_owned());
        }
        if self.locked.load(Ordering::Relaxed) {
            let text =
                "another program holds a lock on the database: nothing can be written until it lets go";
            problems.push(text.to_owned());
        }
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        JournalHealth { problems, warnings }
    }
}
