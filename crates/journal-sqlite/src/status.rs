//! What hinders the journal at the moment, shared by its threads and told to probes.

use footbridge_journal::JournalHealth;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The journal's condition. Its texts are open to everybody: they name neither paths nor processes.
#[derive(Debug, Default)]
pub(crate) struct Status {
    full: AtomicBool,
    locked: AtomicBool,
    warnings: Mutex<Vec<String>>,
}

impl Status {
    /// Whether the disk is full: only what does not grow is written.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Sets whether the disk is full, giving whether that is a change.
    pub(crate) fn set_full(&self, full: bool) -> bool {
        self.full.swap(full, Ordering::Relaxed) != full
    }

    /// Sets whether something keeps the writer from the database.
    pub(crate) fn set_locked(&self, locked: bool) {
        self.locked.store(locked, Ordering::Relaxed);
    }

    /// Adds something for the operator.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    /// What probes are told.
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
