//! Sessions that have not authenticated themselves yet: limited in total and per address, so that one client cannot keep
//! out the others.

use crate::edge::client_network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most pending sessions of the server.
const TOTAL_MAX: usize = 1000;
/// One address may hold one part in this many.
const ADDRESS_PART: usize = 8;
/// Every address may hold this many: a page with several clients, or an office behind one address.
const ADDRESS_MIN: usize = 16;

/// Counts pending sessions by address.
#[derive(Debug)]
pub(crate) struct PendingSessions {
    max: usize,
    max_per_address: usize,
    counts: Mutex<PendingCounts>,
}

#[derive(Debug, Default)]
struct PendingCounts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One pending session, until dropped.
#[derive(Debug)]
pub(crate) struct PendingSession {
    sessions: Arc<PendingSessions>,
    address: IpAddr,
}

impl PendingSessions {
    /// Allows as many as there are live connections, at most [`TOTAL_MAX`].
    pub(crate) fn new(live_connections: usize) -> Self {
        let max = live_connections.min(TOTAL_MAX);
        let max_per_address = (max / ADDRESS_PART).max(ADDRESS_MIN);
        Self { max, max_per_address, counts: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, PendingCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a session of `peer`; `None` at either limit.
    pub(crate) fn add(self: &Arc<Self>, peer: IpAddr) -> Option<PendingSession> {
        let address = client_network(peer);
        let mut counts = self.lock();
        let of_address = counts.by_address.get(&address).copied().unwrap_or_default();
        if counts.total >= self.max || of_address >= self.max_per_address {
            return None;
        }
        counts.total += 1;
        counts.by_address.insert(address, of_address + 1);
        Some(PendingSession { sessions: Arc::clone(self), address })
    }
}

impl Drop for PendingSession {
    fn drop(&mut self) {
        let mut counts = self.sessions.lock();
        counts.total -= 1;
        if let Some(of_address) = counts.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(sessions: &Arc<PendingSessions>, address: &str) -> Vec<PendingSession> {
        let address = address.parse().unwrap();
        std::iter::from_fn(|| sessions.add(address)).collect()
    }

    #[test]
    fn the_number_is_limited_per_address_and_in_total() {
        let sessions = Arc::new(PendingSessions::new(usize::MAX));
        let one = fill(&sessions, "10.0.0.1");
        assert_eq!(one.len(), 125);
        assert_eq!(fill(&sessions, "::ffff:10.0.0.1").len(), 0, "the same address in IPv6 form");
        let network = fill(&sessions, "2001:db8::1");
        assert_eq!((network.len(), fill(&sessions, "2001:db8::ffff:1:2").len()), (125, 0));
        let others: Vec<_> = (2..10).flat_map(|last| fill(&sessions, &format!("10.0.0.{last}"))).collect();
        assert_eq!(others.len(), 750);
        drop(one);
        assert_eq!(fill(&sessions, "10.0.0.1").len(), 125, "dropped sessions make room");
        drop((network, others));
        let counts = sessions.lock();
        assert_eq!((counts.total, counts.by_address.len()), (0, 0));
    }

    #[test]
    fn a_small_server_leaves_each_address_a_minimum() {
        assert_eq!(fill(&Arc::new(PendingSessions::new(90)), "10.0.0.1").len(), 16);
        assert_eq!(fill(&Arc::new(PendingSessions::new(9)), "10.0.0.1").len(), 9);
    }
}
