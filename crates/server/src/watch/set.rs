//! The watches of all connections of one shard: the sweep, and eviction of idle connections.

use super::connection::Watch;
use super::phase::{End, Phase};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::rc::Rc;
use tokio::time::Instant;

/// Eviction candidates that one search collects.
const CANDIDATES: usize = 64;

/// Connections by number, each with the time since which it is idle.
type Candidates = VecDeque<(u64, Instant)>;

/// The watches of one shard.
#[derive(Debug, Default)]
pub(crate) struct WatchSet {
    open: RefCell<HashMap<u64, Rc<Watch>>>,
    next: Cell<u64>,
    /// Eviction candidates of one address, or of all under `None`; the longest idle first.
    candidates: RefCell<HashMap<Option<IpAddr>, Candidates>>,
}

impl WatchSet {
    /// Watches a new connection until the guard is dropped.
    pub(crate) fn open(self: &Rc<Self>, address: Option<IpAddr>) -> WatchGuard {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        let watch = Rc::new(Watch::new(address));
        self.open.borrow_mut().insert(id, Rc::clone(&watch));
        WatchGuard { id, watch, set: Rc::clone(self) }
    }

    /// Ends connections that take too long and, once the server drains, those that never end by themselves.
    pub(crate) fn sweep(&self, draining: bool) {
        let now = Instant::now();
        for watch in self.open.borrow().values() {
            watch.sweep(now, draining);
        }
    }

    /// Ends the connection that is idle for longest, of `address` or of all. Returns false if none is idle.
    pub(crate) fn evict(&self, address: Option<IpAddr>) -> bool {
        self.evict_at(address, Instant::now())
    }

    fn evict_at(&self, address: Option<IpAddr>, now: Instant) -> bool {
        self.evict_candidate(address, now) || {
            self.find_candidates(address, now);
            self.evict_candidate(address, now)
        }
    }

    fn evict_candidate(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let (mut candidates, open) = (self.candidates.borrow_mut(), self.open.borrow());
        let Some(known) = candidates.get_mut(&address) else { return false };
        while let Some((id, since)) = known.pop_front() {
            if let Some(watch) = open.get(&id)
                && watch.since() == since
                && watch.is_evictable(now)
            {
                // The next search must not find it again.
                watch.enter(Phase::Answering);
                watch.request_end(End::Now);
                return true;
            }
        }
        candidates.remove(&address);
        false
    }

    fn find_candidates(&self, address: Option<IpAddr>, now: Instant) {
        let matches = |watch: &Watch| address.is_none() || watch.address() == address;
        let mut found: Vec<(u64, Instant)> = self
            .open
            .borrow()
            .iter()
            .filter(|(_, watch)| matches(watch) && watch.is_evictable(now))
            .map(|(id, watch)| (*id, watch.since()))
            .collect();
        found.sort_by_key(|(_, since)| *since);
        found.truncate(CANDIDATES);
        let mut candidates = self.candidates.borrow_mut();
        if candidates.len() > CANDIDATES {
            candidates.clear();
        }
        candidates.insert(address, found.into());
    }

    /// Ends all connections, each after its current request.
    pub(crate) fn end_all(&self) {
        for watch in self.open.borrow().values() {
            watch.request_end(End::Graceful);
        }
    }

    /// The number of open connections.
    pub(crate) fn len(&self) -> usize {
        self.open.borrow().len()
    }
}

/// A watched connection. Dropping the guard ends the watch.
#[derive(Debug)]
pub(crate) struct WatchGuard {
    id: u64,
    pub(crate) watch: Rc<Watch>,
    set: Rc<WatchSet>,
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.set.open.borrow_mut().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::super::deadlines::FRESH;
    use super::*;

    #[test]
    fn the_longest_idle_connection_is_evicted_and_no_busy_one() {
        let watches = Rc::new(WatchSet::default());
        let [one, other]: [Option<IpAddr>; 2] =
            ["192.0.2.1", "192.0.2.2"].map(|ip| Some(ip.parse().unwrap()));
        let evict = |address| watches.evict_at(address, Instant::now() + FRESH * 2);
        let open = |address| {
            let guard = watches.open(address);
            guard.watch.read_pending(false);
            guard
        };
        let (first, busy, second, third) = (open(one), open(one), open(other), open(one));
        busy.watch.bytes_received(1);
        busy.watch.request_started();
        assert!(!watches.evict(other), "the connection is fresh");
        assert!(evict(other));
        assert_eq!(second.watch.end.take(), Some(End::Now));
        assert!(!evict(other));
        for idle in [&first, &third] {
            assert!(evict(None));
            assert_eq!(idle.watch.end.take(), Some(End::Now));
        }
        assert!(!evict(None) && !evict(one));
        assert_eq!(busy.watch.end.take(), None);
    }
}
