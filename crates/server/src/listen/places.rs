//! How many connections there may be, in all and of one address.

use crate::edge::{Proxies, holder};
use crate::metrics::Metrics;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The part of all places that one address may have.
const PART: usize = 8;
/// The least that this comes to.
const LEAST: usize = 64;
/// The part of all places that are there beside them, for probes and administration.
const KEPT: usize = 20;

/// The places of a server.
#[derive(Debug)]
pub struct Places {
    most: usize,
    each: usize,
    kept: usize,
    proxies: Proxies,
    open: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    metrics: Arc<Metrics>,
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    all: Arc<Places>,
    /// Whose share it is counted in; none for this machine and for proxies.
    pub(super) address: Option<IpAddr>,
    /// Its address has more than its share.
    pub(super) beyond_share: bool,
}

impl Places {
    /// Room for `most` connections. This machine and trusted proxies speak for many, and have no share of their own.
    pub fn new(most: usize, proxies: Proxies, metrics: Arc<Metrics>) -> Arc<Self> {
        let each = (most / PART).max(LEAST);
        let kept = (most / KEPT).clamp(8, 256);
        let (open, by_address) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { most, each, kept, proxies, open, by_address, metrics })
    }

    /// A place for a connection from this address, unless even those that are kept are taken.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        if open >= self.most + self.kept {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        self.metrics.connection_opened();
        let peer = peer.to_canonical();
        let address = (!peer.is_loopback() && !self.proxies.trust(peer)).then(|| holder(peer));
        let beyond_share = address.is_some_and(|address| {
            let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_default();
            *count += 1;
            *count > self.each
        });
        Some(Place { all: Arc::clone(self), address, beyond_share })
    }

    fn is_crowded(&self) -> bool {
        self.open.load(Ordering::Relaxed) > self.most
    }

    fn leave(&self, address: Option<IpAddr>) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.metrics.connection_closed();
        let Some(address) = address else { return };
        let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

impl Place {
    /// Whether there are more connections than the places that are for everybody.
    pub(super) fn is_crowded(&self) -> bool {
        self.all.is_crowded()
    }

    /// Tells the same later.
    pub(super) fn crowding(&self) -> impl Fn() -> bool + 'static {
        let all = Arc::clone(&self.all);
        move || all.is_crowded()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(places: &Arc<Places>, ip: &str) -> Option<Place> {
        places.enter(ip.parse().unwrap())
    }

    #[test]
    fn an_address_has_a_share_and_this_machine_and_proxies_have_none() {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let places = Places::new(1000, proxies, Arc::default());
        let mut held: Vec<Place> = (0..125).map(|_| enter(&places, "192.0.2.1").unwrap()).collect();
        assert!(held.iter().all(|place| !place.beyond_share));
        assert!(enter(&places, "192.0.2.1").unwrap().beyond_share);
        assert!(!enter(&places, "192.0.2.2").unwrap().beyond_share);
        held.pop();
        assert!(!enter(&places, "::ffff:192.0.2.1").unwrap().beyond_share, "one has left");
        let many: Vec<Place> = ["10.1.1.1", "127.0.0.1", "::1"]
            .iter()
            .flat_map(|ip| (0..200).map(|_| enter(&places, ip).unwrap()).collect::<Vec<_>>())
            .collect();
        assert!(many.iter().all(|place| !place.beyond_share));
        drop((held, many));
        assert!(places.by_address.lock().unwrap().is_empty());
    }

    #[test]
    fn some_places_are_kept_beyond_the_limit() {
        let places = Places::new(10, Proxies::default(), Arc::default());
        let held: Vec<Place> = (0..18).map(|_| enter(&places, "127.0.0.1").unwrap()).collect();
        assert!(held.iter().all(Place::is_crowded), "there are more than ten by now");
        assert!(enter(&places, "127.0.0.1").is_none());
        drop(held);
        assert!(!enter(&places, "127.0.0.1").unwrap().is_crowded());
    }
}
