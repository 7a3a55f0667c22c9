//! Where sessions wait that have proved nothing yet: for few, and for fewer of one address, so that no single stranger
//! keeps the others out.

use crate::edge::holder;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most sessions that wait.
const MOST: usize = 1000;
/// The part of them that one address may have: one in so many.
const PART: usize = 8;
/// An address may always have so many: a page with several clients, a house behind one address.
const LEAST: usize = 16;

/// Who waits, by address.
#[derive(Debug)]
pub(crate) struct Lobby {
    most: usize,
    each: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    count: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A session that waits, until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    lobby: Arc<Lobby>,
    address: IpAddr,
}

impl Lobby {
    /// For as many as there are seats, and at most 1000.
    pub(crate) fn new(seats: usize) -> Self {
        let most = seats.min(MOST);
        Self { most, each: (most / PART).max(LEAST), inside: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a session in, if there is room for it.
    pub(crate) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Waiting> {
        let address = holder(peer);
        let mut inside = self.lock();
        let its = inside.by_address.get(&address).copied().unwrap_or_default();
        if inside.count >= self.most || its >= self.each {
            return None;
        }
        inside.count += 1;
        inside.by_address.insert(address, its + 1);
        Some(Waiting { lobby: Arc::clone(self), address })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut inside = self.lobby.lock();
        inside.count -= 1;
        if let Some(its) = inside.by_address.get_mut(&self.address) {
            *its -= 1;
            if *its == 0 {
                inside.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(lobby: &Arc<Lobby>, address: &str) -> Vec<Waiting> {
        let address = address.parse().unwrap();
        std::iter::from_fn(|| lobby.enter(address)).collect()
    }

    #[test]
    fn an_address_has_a_part_and_all_together_have_an_end() {
        let lobby = Arc::new(Lobby::new(usize::MAX));
        let one = crowd(&lobby, "10.0.0.1");
        assert_eq!(one.len(), 125);
        assert_eq!(crowd(&lobby, "::ffff:10.0.0.1").len(), 0, "the same written otherwise");
        let house = crowd(&lobby, "2001:db8::1");
        assert_eq!((house.len(), crowd(&lobby, "2001:db8::ffff:1:2").len()), (125, 0));
        let others: Vec<_> = (2..10).flat_map(|last| crowd(&lobby, &format!("10.0.0.{last}"))).collect();
        assert_eq!(others.len(), 750);
        drop(one);
        assert_eq!(crowd(&lobby, "10.0.0.1").len(), 125, "room again");
        drop((house, others));
        let inside = lobby.lock();
        assert_eq!((inside.count, inside.by_address.len()), (0, 0));
    }

    #[test]
    fn a_small_server_leaves_an_address_a_few() {
        assert_eq!(crowd(&Arc::new(Lobby::new(90)), "10.0.0.1").len(), 16);
        assert_eq!(crowd(&Arc::new(Lobby::new(9)), "10.0.0.1").len(), 9);
    }
}
