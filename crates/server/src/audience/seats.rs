//! How many live connections there may be: they must leave room for everything else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most sessions that have proved nothing yet.
const UNPROVED: usize = 1000;

/// The live connections, counted.
#[derive(Debug)]
pub(crate) struct Seats {
    taken: Arc<AtomicUsize>,
    most: usize,
    waiting: Arc<AtomicUsize>,
}

/// A session that has yet to prove its app.
#[derive(Debug, Clone)]
pub(crate) struct Waiting(Arc<Mutex<Option<Seat>>>);

impl Waiting {
    /// It has.
    pub(crate) fn leave(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// One live connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Seats {
    /// Nine of ten connections may be live; `taken` counts them.
    pub(crate) fn new(connections: usize, taken: Arc<AtomicUsize>) -> Self {
        Self { taken, most: (connections - connections / 10).max(1), waiting: Arc::default() }
    }

    /// A seat, if one is free.
    pub(crate) fn take(&self) -> Option<Seat> {
        Seat::of(&self.taken, self.most)
    }

    /// A place to wait in until its app is proved, if one is free.
    pub(crate) fn wait(&self) -> Option<Waiting> {
        let seat = Seat::of(&self.waiting, UNPROVED.min(self.most))?;
        Some(Waiting(Arc::new(Mutex::new(Some(seat)))))
    }
}

impl Seat {
    fn of(count: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let taken = count.fetch_add(1, Ordering::Relaxed);
        let seat = Self(Arc::clone(count));
        (taken < most).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_left_and_a_seat_is_free_again() {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = || taken.load(Ordering::Relaxed);
        let seats = Seats::new(10, Arc::clone(&taken));
        let mut held: Vec<_> = std::iter::from_fn(|| seats.take()).collect();
        assert_eq!((held.len(), count()), (9, 9));
        held.pop();
        assert!(seats.take().is_some() && count() == 8);
        let waiting = seats.wait().unwrap();
        waiting.clone().leave();
        assert_eq!(seats.waiting.load(Ordering::Relaxed), 0);
        assert!(Seats::new(1, Arc::default()).take().is_some());
    }
}
