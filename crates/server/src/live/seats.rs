//! How many live connections there may be: they must leave room for everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The live connections, counted.
#[derive(Debug)]
pub(crate) struct Seats {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// One live connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Seats {
    /// Nine of ten connections may be live.
    pub(super) fn new(connections: usize) -> Self {
        Self { taken: Arc::default(), most: (connections - connections / 10).max(1) }
    }

    /// A seat, if one is free.
    pub(super) fn take(&self) -> Option<Seat> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.taken));
        (taken < self.most).then_some(seat)
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed) as u64
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
        let seats = Seats::new(10);
        let mut taken: Vec<_> = std::iter::from_fn(|| seats.take()).collect();
        assert_eq!((taken.len(), seats.taken()), (9, 9));
        taken.pop();
        assert!(seats.take().is_some() && seats.taken() == 8);
        assert!(Seats::new(1).take().is_some());
    }
}
