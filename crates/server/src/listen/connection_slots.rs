//! Limits the number of connections, in total and per address.

use crate::edge::{Proxies, client_network};
use crate::metrics::Metrics;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The answer to a connection over the limit.
pub(super) const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// One address may hold one part in this many.
const ADDRESS_PART: usize = 8;
/// Every address may hold this many.
const ADDRESS_MIN: usize = 64;
/// One further slot per this many is reserved for probes and administration.
const RESERVED_PART: usize = 20;

/// The connection slots of the server.
#[derive(Debug)]
pub struct ConnectionSlots {
    max: usize,
    max_per_address: usize,
    reserved: usize,
    proxies: Proxies,
    open: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    metrics: Arc<Metrics>,
}

/// The slot of one connection, freed when dropped.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    slots: Arc<ConnectionSlots>,
    /// The address in whose share the slot counts; `None` for loopback and trusted proxies.
    pub(super) address: Option<IpAddr>,
    /// True if the address holds more than its share.
    pub(super) beyond_share: bool,
}

impl ConnectionSlots {
    /// Allows `max` connections. Loopback and trusted proxies have no share per address, as they act for many clients.
    pub fn new(max: usize, proxies: Proxies, metrics: Arc<Metrics>) -> Arc<Self> {
        let max_per_address = (max / ADDRESS_PART).max(ADDRESS_MIN);
        let reserved = (max / RESERVED_PART).clamp(8, 256);
        let (open, by_address) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { max, max_per_address, reserved, proxies, open, by_address, metrics })
    }

    /// Takes a slot for a connection from this address; `None` if even the reserved ones are taken.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionSlot> {
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        if open >= self.max + self.reserved {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        self.metrics.connection_opened();
        let peer = peer.to_canonical();
        let address = (!peer.is_loopback() && !self.proxies.trust(peer)).then(|| client_network(peer));
        let beyond_share = address.is_some_and(|address| {
            let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(address).or_default();
            *count += 1;
            *count > self.max_per_address
        });
        Some(ConnectionSlot { slots: Arc::clone(self), address, beyond_share })
    }

    fn is_crowded(&self) -> bool {
        self.open.load(Ordering::Relaxed) > self.max
    }

    fn free(&self, address: Option<IpAddr>) {
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

impl ConnectionSlot {
    /// Returns true if only reserved slots are free.
    pub(super) fn is_crowded(&self) -> bool {
        self.slots.is_crowded()
    }

    /// Returns a function that returns [`is_crowded`](Self::is_crowded) at the time it is called.
    pub(super) fn crowded_check(&self) -> impl Fn() -> bool + 'static {
        let slots = Arc::clone(&self.slots);
        move || slots.is_crowded()
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.free(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(slots: &Arc<ConnectionSlots>, ip: &str) -> Option<ConnectionSlot> {
        slots.take(ip.parse().unwrap())
    }

    #[test]
    fn each_address_has_a_share_except_loopback_and_proxies() {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let slots = ConnectionSlots::new(1000, proxies, Arc::default());
        let mut held: Vec<ConnectionSlot> = (0..125).map(|_| take(&slots, "192.0.2.1").unwrap()).collect();
        assert!(held.iter().all(|slot| !slot.beyond_share));
        assert!(take(&slots, "192.0.2.1").unwrap().beyond_share);
        assert!(!take(&slots, "192.0.2.2").unwrap().beyond_share);
        held.pop();
        assert!(!take(&slots, "::ffff:192.0.2.1").unwrap().beyond_share, "one was freed");
        let many: Vec<ConnectionSlot> = ["10.1.1.1", "127.0.0.1", "::1"]
            .iter()
            .flat_map(|ip| (0..200).map(|_| take(&slots, ip).unwrap()).collect::<Vec<_>>())
            .collect();
        assert!(many.iter().all(|slot| !slot.beyond_share));
        drop((held, many));
        assert!(slots.by_address.lock().unwrap().is_empty());
    }

    #[test]
    fn some_slots_are_reserved_beyond_the_limit() {
        let slots = ConnectionSlots::new(10, Proxies::default(), Arc::default());
        let held: Vec<ConnectionSlot> = (0..18).map(|_| take(&slots, "127.0.0.1").unwrap()).collect();
        assert!(held.iter().all(ConnectionSlot::is_crowded), "there are more than ten connections");
        assert!(take(&slots, "127.0.0.1").is_none());
        drop(held);
        assert!(!take(&slots, "127.0.0.1").unwrap().is_crowded());
    }
}
