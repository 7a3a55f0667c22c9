//! How many exchanges one recipient answers at once, and how many wait for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The most exchanges at one recipient at once.
const AT_ONCE: usize = 128;
/// The most that wait for one of those places.
const QUEUE: usize = 1024;

/// Why there was no permit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The queue is full.
    Queue,
    /// The deadline came first.
    Deadline,
}

/// The places at one recipient.
#[derive(Debug)]
pub(crate) struct Permits {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Permits {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), waiting: AtomicUsize::new(0) }
    }
}

impl Permits {
    /// A place, at once or after waiting until `deadline` at the longest.
    ///
    /// # Errors
    /// [`Full`] when too many wait already, or none was free in time.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Full> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(permit);
        }
        let _waits = Waits::enter(&self.waiting)?;
        let place = tokio::time::timeout_at(deadline, Arc::clone(&self.places).acquire_owned()).await;
        place.map_err(|_| Full::Deadline)?.map_err(|_| Full::Queue)
    }
}

struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Result<Self, Full> {
        let entered = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) < QUEUE { Ok(entered) } else { Err(Full::Queue) }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
