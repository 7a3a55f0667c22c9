//! A network of receivers that fail as the plan wants it, without a socket.

mod http;
mod receiver;

use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::time::Time;
use crate::weather::Mood;
use footbridge_courier::{Dialed, Dialer, Dialing, Resolver, Resolving};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// What a connection holds that nobody has read yet, in bytes.
const HELD: usize = 64 * 1024;

/// The network around one life of a server. Clones are the same.
#[derive(Clone)]
pub(crate) struct Net {
    plan: Arc<Plan>,
    ledger: Ledger,
    time: Time,
    /// How often each receiver was asked for, and each delivery arrived.
    counts: Counts,
}

/// Counts that outlive a server. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<(u64, u64), u64>>>);

impl Counts {
    fn next(&self, of: (u64, u64)) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(of).or_default();
        *count += 1;
        *count
    }
}

impl Net {
    pub(crate) fn around(plan: &Arc<Plan>, ledger: &Ledger, time: &Time, counts: &Counts) -> Self {
        Self { plan: Arc::clone(plan), ledger: ledger.clone(), time: time.clone(), counts: counts.clone() }
    }

    /// How a receiver fares now.
    fn mood(&self, receiver: usize) -> Mood {
        let now = self.time.passed();
        let spell = self.plan.weather[receiver].iter().find(|spell| spell.during.contains(&now));
        spell.map_or(Mood::Well, |spell| spell.mood)
    }

    /// Waits until a receiver can be reached.
    async fn reach(&self, receiver: usize) {
        while self.mood(receiver) == Mood::Away {
            let now = self.time.passed();
            let spell = self.plan.weather[receiver].iter().find(|spell| spell.during.contains(&now));
            self.time.reach(spell.map_or(now, |spell| spell.during.end)).await;
        }
    }
}

/// Where a receiver is.
fn address(receiver: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(93, 184, 216, u8::try_from(receiver + 1).unwrap()))
}

/// Which receiver is at an address.
fn receiver_at(addr: SocketAddr) -> usize {
    let IpAddr::V4(ip) = addr.ip() else { unreachable!("only IPv4 is resolved") };
    usize::from(ip.octets()[3]) - 1
}

impl Resolver for Net {
    fn resolve<'a>(&'a self, host: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        let digits: String = host.chars().filter(char::is_ascii_digit).collect();
        let receiver: usize = digits.parse().unwrap();
        Box::pin(async move {
            let mut dice =
                Dice::of(self.plan.seed, &[2, receiver as u64, self.counts.next((0, receiver as u64))]);
            tokio::time::sleep(dice.millis(0..10)).await;
            if self.mood(receiver) == Mood::Flaky && dice.percent(3) {
                return Err(io::Error::other("no answer"));
            }
            Ok(vec![SocketAddr::new(address(receiver), port)])
        })
    }
}

impl Dialer for Net {
    fn dial(&self, addr: SocketAddr) -> Dialing<'_> {
        let receiver = receiver_at(addr);
        Box::pin(async move {
            let mut dice =
                Dice::of(self.plan.seed, &[3, receiver as u64, self.counts.next((1, receiver as u64))]);
            tokio::time::sleep(dice.millis(0..50)).await;
            self.reach(receiver).await;
            let mood = self.mood(receiver);
            if mood == Mood::Down || mood == Mood::Flaky && dice.percent(5) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(HELD);
            tokio::spawn(receiver::serve(self.clone(), receiver, theirs));
            let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_000);
            Ok(Dialed::other(ours, local, addr))
        })
    }
}
