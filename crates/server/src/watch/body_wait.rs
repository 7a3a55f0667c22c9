//! How long a client makes the server wait for a request body that it has announced.

use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

/// The slowest rate that is accepted for a body, in bytes per second.
pub(super) const MIN_RATE: u64 = 1024;
/// The wait that every body may cause in total. Each [`MIN_RATE`] bytes add a second.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(10);

/// Adds up the time during which the server wanted to read a body and the client sent nothing.
#[derive(Debug, Default)]
pub(super) struct BodyWait {
    waited: Cell<Duration>,
    /// Since when the server waits now.
    since: Cell<Option<Instant>>,
    received: Cell<u64>,
}

impl BodyWait {
    /// A request begins: its body has not been waited for yet.
    pub(super) fn reset(&self) {
        self.waited.set(Duration::ZERO);
        self.since.set(self.since.get().map(|_| Instant::now()));
        self.received.set(0);
    }

    /// The server waits for more of the body.
    pub(super) fn start(&self) {
        if self.since.get().is_none() {
            self.since.set(Some(Instant::now()));
        }
    }

    /// `count` bytes were received.
    pub(super) fn received(&self, count: usize) {
        self.received.set(self.received.get() + count as u64);
        if let Some(since) = self.since.take() {
            self.waited.set(self.waited.get() + since.elapsed());
        }
    }

    /// Returns true if the client has made the server wait for too long, and still does.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let Some(since) = self.since.get() else { return false };
        let waited = self.waited.get() + now.saturating_duration_since(since);
        waited > WAIT_MAX + Duration::from_secs(self.received.get() / MIN_RATE)
    }
}
