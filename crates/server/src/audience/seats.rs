//! How many live connections there may be: they must leave room for everything else.

use super::lobby::{Lobby, Waiting};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The live connections, counted.
#[derive(Debug)]
pub(crate) struct Seats {
    taken: Arc<AtomicUsize>,
    most: usize,
    lobby: Arc<Lobby>,
}

/// One live connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

/// What a session has until its page is admitted.
#[derive(Debug)]
enum Held {
    /// Its first request proved its app.
    Seat(Seat),
    /// It has yet to.
    Waiting(#[expect(dead_code, reason = "is left by being dropped")] Waiting),
}

/// The place of a session from its first request on; it goes with the session.
#[derive(Debug, Clone)]
pub(crate) struct Place(Arc<Mutex<Option<Held>>>);

impl Seats {
    /// Nine of ten connections may be live; `taken` counts them.
    pub(crate) fn new(connections: usize, taken: Arc<AtomicUsize>) -> Self {
        let most = (connections - connections / 10).max(1);
        Self { taken, most, lobby: Arc::new(Lobby::new(most)) }
    }

    /// A seat, if one is free.
    pub(crate) fn take(&self) -> Option<Seat> {
        let seat = Seat(Arc::clone(&self.taken));
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.most).then_some(seat)
    }

    /// A place for a session that begins: a seat when its app is `proved`, or else one to wait in, of which an
    /// address has a part only. `None` when there is none.
    pub(crate) fn begin(&self, peer: IpAddr, proved: bool) -> Option<Place> {
        let held = if proved { Held::Seat(self.take()?) } else { Held::Waiting(self.lobby.enter(peer)?) };
        Some(Place(Arc::new(Mutex::new(Some(held)))))
    }

    /// The seat of a session whose page is admitted, if there is one for it.
    pub(crate) fn admit(&self, place: Option<&Place>) -> Option<Seat> {
        let held = place.and_then(|place| place.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        match held {
            Some(Held::Seat(seat)) => Some(seat),
            Some(Held::Waiting(_)) | None => self.take(),
        }
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

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn room_is_left_and_a_seat_is_free_again() {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = || taken.load(Ordering::Relaxed);
        let seats = Seats::new(10, Arc::clone(&taken));
        let mut held: Vec<_> = std::iter::from_fn(|| seats.take()).collect();
        assert_eq!((held.len(), count()), (9, 9));
        held.pop();
        assert!(seats.take().is_some() && count() == 8);
        assert!(Seats::new(1, Arc::default()).take().is_some());
    }

    #[test]
    fn a_session_that_proved_its_app_has_its_seat_and_another_waits() {
        let taken = Arc::new(AtomicUsize::new(0));
        let seats = Seats::new(2, Arc::clone(&taken));
        let strangers: Vec<_> = std::iter::from_fn(|| seats.begin(PEER, false)).collect();
        assert_eq!((strangers.len(), taken.load(Ordering::Relaxed)), (2, 0));
        let place = seats.begin(PEER, true).unwrap();
        let seat = seats.admit(Some(&place)).unwrap();
        drop(place);
        assert_eq!(taken.load(Ordering::Relaxed), 1, "taken over, not taken twice");
        let late = seats.admit(strangers.first()).unwrap();
        assert!(seats.begin(PEER, true).is_none() && seats.admit(strangers.last()).is_none());
        assert!(seats.begin(PEER, false).is_some(), "whoever is admitted waits no more");
        drop((seat, late));
        assert_eq!(taken.load(Ordering::Relaxed), 0);
    }
}
