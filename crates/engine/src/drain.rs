//! Draining: refuses new work at the end of the server, and waits for the work in progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The server is draining and accepts no new work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is shutting down")]
pub struct Draining;

/// Counts the work in progress.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    draining: AtomicBool,
    count: AtomicUsize,
    idle: Notify,
}

impl Drain {
    /// Starts a piece of work.
    ///
    /// # Errors
    /// [`Draining`] after [`Self::begin`].
    pub(crate) fn enter(self: &Arc<Self>) -> Result<WorkGuard, Draining> {
        let guard = self.enter_anyway();
        if self.draining.load(Ordering::Acquire) { Err(Draining) } else { Ok(guard) }
    }

    /// Starts a piece of work that is part of draining itself.
    pub(crate) fn enter_anyway(self: &Arc<Self>) -> WorkGuard {
        self.count.fetch_add(1, Ordering::AcqRel);
        WorkGuard(Arc::clone(self))
    }

    /// Refuses new work from now on.
    pub(crate) fn begin(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Returns true if new work is refused.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Waits until no work is in progress.
    pub(crate) async fn idle(&self) {
        loop {
            let woken = self.idle.notified();
            if self.count.load(Ordering::Acquire) == 0 {
                return;
            }
            woken.await;
        }
    }
}

/// A piece of work in progress; it ends when the guard is dropped.
#[derive(Debug)]
pub struct WorkGuard(Arc<Drain>);

impl Drop for WorkGuard {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 && self.0.is_draining() {
            self.0.idle.notify_waiters();
        }
    }
}
