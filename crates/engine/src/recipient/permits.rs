//! Limits how many exchanges one receiver answers at the same time, and how many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The most exchanges in flight to one receiver.
const MAX_IN_FLIGHT: usize = 128;
/// The most exchanges that wait for a permit.
const MAX_WAITING: usize = 1024;

/// Why an exchange got no permit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PermitError {
    /// Too many exchanges wait already.
    QueueFull,
    /// No permit was free before the deadline.
    DeadlinePassed,
}

/// The permits of one receiver. An exchange holds one from its start until its answer is complete.
#[derive(Debug)]
pub(crate) struct ExchangePermits {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for ExchangePermits {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(MAX_IN_FLIGHT)), waiting: AtomicUsize::new(0) }
    }
}

impl ExchangePermits {
    /// Returns a permit, at once or after waiting until `deadline` at the latest.
    ///
    /// # Errors
    /// [`PermitError`] if too many exchanges wait already, or no permit was free in time.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, PermitError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _slot = QueueSlot::take(&self.waiting)?;
        let permit = tokio::time::timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await;
        permit.map_err(|_| PermitError::DeadlinePassed)?.map_err(|_| PermitError::QueueFull)
    }
}

/// A place in the queue; given back when dropped.
struct QueueSlot<'a>(&'a AtomicUsize);

impl<'a> QueueSlot<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, PermitError> {
        let slot = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) < MAX_WAITING {
            Ok(slot)
        } else {
            Err(PermitError::QueueFull)
        }
    }
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn exchanges_wait_for_a_permit_in_a_bounded_queue() {
        let permits = Arc::new(ExchangePermits::default());
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut held = Vec::new();
        for _ in 0..MAX_IN_FLIGHT {
            held.push(permits.acquire(deadline).await.unwrap());
        }
        let waiting: Vec<_> = (0..MAX_WAITING)
            .map(|_| {
                let permits = Arc::clone(&permits);
                tokio::spawn(async move { permits.acquire(deadline).await.map(drop) })
            })
            .collect();
        while permits.waiting.load(Ordering::Acquire) < MAX_WAITING {
            tokio::task::yield_now().await;
        }
        assert_eq!(permits.acquire(deadline).await.err(), Some(PermitError::QueueFull));

        drop(held.pop());
        let ended = async {
            let mut ended = Vec::new();
            for task in waiting {
                ended.push(task.await.unwrap());
            }
            ended
        };
        assert!(ended.await.iter().all(Result::is_ok), "each waiting exchange gets the permit in turn");
        assert_eq!(permits.permits.available_permits(), 1, "every permit was given back once");
        assert_eq!(permits.waiting.load(Ordering::Acquire), 0);

        held.push(permits.acquire(deadline).await.unwrap());
        let late = permits.acquire(deadline).await;
        assert_eq!((late.err(), Instant::now()), (Some(PermitError::DeadlinePassed), deadline));
    }
}
