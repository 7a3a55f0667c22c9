//! Ending well: no new work once draining, and a way to wait for what is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The server is draining and takes no new work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is shutting down")]
pub struct Draining;

/// Counts work under way.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    draining: AtomicBool,
    count: AtomicUsize,
    idle: Notify,
}

impl Drain {
    /// Begins a piece of work.
    ///
    /// # Errors
    /// [`Draining`] once [`Self::begin`] was called.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<InFlight, Draining> {
        self.count.fetch_add(1, Ordering::AcqRel);
        let entered = InFlight(Arc::clone(self));
        if self.draining.load(Ordering::Acquire) { Err(Draining) } else { Ok(entered) }
    }

    /// Begins a piece of work that belongs to the end itself.
    pub(crate) fn enter_anyway(self: &Arc<Self>) -> InFlight {
        self.count.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(self))
    }

    /// Takes no new work from now on.
    pub(crate) fn begin(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether new work is refused.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Waits until nothing is under way.
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

/// A piece of work under way; ends when dropped.
#[derive(Debug)]
pub struct InFlight(Arc<Drain>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 && self.0.is_draining() {
            self.0.idle.notify_waiters();
        }
    }
}
