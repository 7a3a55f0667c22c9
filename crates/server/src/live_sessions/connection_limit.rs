//! The limit of live connections: one in ten connections stays free for all other requests.

use super::pending_sessions::{PendingSession, PendingSessions};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the live connections and limits them.
#[derive(Debug)]
pub(crate) struct ConnectionLimit {
    open: Arc<AtomicUsize>,
    max: usize,
    pending: Arc<PendingSessions>,
}

/// A permit for one live connection, returned when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit(Arc<AtomicUsize>);

/// The permit or pending place that a session holds before its page is admitted.
#[derive(Debug)]
enum SlotState {
    /// The first request authenticated the page.
    Permit(ConnectionPermit),
    /// The page has not authenticated itself yet.
    Pending(#[expect(dead_code, reason = "frees its place when dropped")] PendingSession),
}

/// Links a session to its permit or its pending place, from its first request until it ends.
#[derive(Debug, Clone)]
pub(crate) struct SessionSlot(Arc<Mutex<Option<SlotState>>>);

impl ConnectionLimit {
    /// Allows nine tenths of `connections` to be live; `open` is the gauge of live connections.
    pub(crate) fn new(connections: usize, open: Arc<AtomicUsize>) -> Self {
        let max = (connections - connections / 10).max(1);
        Self { open, max, pending: Arc::new(PendingSessions::new(max)) }
    }

    /// Takes a permit; `None` at the limit.
    pub(crate) fn acquire(&self) -> Option<ConnectionPermit> {
        let permit = ConnectionPermit(Arc::clone(&self.open));
        (self.open.fetch_add(1, Ordering::Relaxed) < self.max).then_some(permit)
    }

    /// Opens a slot for a new session: with a permit if its first request was `authenticated`, otherwise with a pending
    /// place, which are limited per address. `None` at the limit.
    pub(crate) fn open_session(&self, peer: IpAddr, authenticated: bool) -> Option<SessionSlot> {
        let state = if authenticated {
            SlotState::Permit(self.acquire()?)
        } else {
            SlotState::Pending(self.pending.add(peer)?)
        };
        Some(SessionSlot(Arc::new(Mutex::new(Some(state)))))
    }

    /// Returns the permit of a session whose page was admitted; `None` at the limit.
    pub(crate) fn admit(&self, slot: Option<&SessionSlot>) -> Option<ConnectionPermit> {
        let state = slot.and_then(|slot| slot.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        match state {
            Some(SlotState::Permit(permit)) => Some(permit),
            Some(SlotState::Pending(_)) | None => self.acquire(),
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn one_tenth_stays_free_and_a_dropped_permit_can_be_taken_again() {
        let open = Arc::new(AtomicUsize::new(0));
        let count = || open.load(Ordering::Relaxed);
        let limit = ConnectionLimit::new(10, Arc::clone(&open));
        let mut permits: Vec<_> = std::iter::from_fn(|| limit.acquire()).collect();
        assert_eq!((permits.len(), count()), (9, 9));
        permits.pop();
        assert!(limit.acquire().is_some() && count() == 8);
        assert!(ConnectionLimit::new(1, Arc::default()).acquire().is_some());
    }

    #[test]
    fn an_authenticated_session_holds_a_permit_and_any_other_is_pending() {
        let open = Arc::new(AtomicUsize::new(0));
        let limit = ConnectionLimit::new(2, Arc::clone(&open));
        let pending: Vec<_> = std::iter::from_fn(|| limit.open_session(PEER, false)).collect();
        assert_eq!((pending.len(), open.load(Ordering::Relaxed)), (2, 0));
        let slot = limit.open_session(PEER, true).unwrap();
        let permit = limit.admit(Some(&slot)).unwrap();
        drop(slot);
        assert_eq!(open.load(Ordering::Relaxed), 1, "the permit is handed on, not taken twice");
        let late = limit.admit(pending.first()).unwrap();
        assert!(limit.open_session(PEER, true).is_none() && limit.admit(pending.last()).is_none());
        assert!(limit.open_session(PEER, false).is_some(), "an admitted session is no longer pending");
        drop((permit, late));
        assert_eq!(open.load(Ordering::Relaxed), 0);
    }
}
