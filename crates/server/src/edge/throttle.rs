//! Limits how often an address may send wrong credentials.
//!
//! The first wrong credentials of an address are answered at once. After those, a credential that was not valid from that
//! address before is delayed, one per second. A credential that was valid before is never delayed, and neither is a wrong
//! one that is repeated: it is not a new guess. Other addresses are not affected.

use http::{HeaderMap, Uri, header};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

use crate::credential::APP_TOKEN;
use crate::query;

/// Wrong credentials that are answered at once.
const BURST: f64 = 50.0;
/// Further credentials allowed per second.
const RATE: f64 = 1.0;
/// The longest delay, in seconds. A request that would wait longer is refused.
const DELAY_MAX: f64 = 5.0;
/// The most addresses that are tracked.
const ADDRESSES_MAX: usize = 4096;
/// Wrong credentials per address that are recognised when repeated.
const WRONG_REMEMBERED: usize = 16;
/// Slots for valid credentials. Two may share a slot; then the older one is forgotten.
const VALID_SLOTS: usize = 4096;

/// A credential of a request, as a keyed hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PresentedCredential {
    address: IpAddr,
    hash: u64,
    /// True if a token was taken from the bucket for this request.
    charged: bool,
}

/// When a request with a credential is handled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Admission {
    /// Now, without a delay.
    Now,
    /// After a delay of this length.
    After(Duration),
    /// Not at all. The client may retry after this time.
    Refused(Duration),
}

#[derive(Debug)]
struct FailureRecord {
    /// Tokens in the bucket.
    tokens: f64,
    refilled_at: Instant,
    wrong: [u64; WRONG_REMEMBERED],
    next: usize,
}

/// Counts wrong credentials by address.
#[derive(Debug)]
pub(crate) struct Throttle {
    key: RandomState,
    valid: Box<[AtomicU64]>,
    failures: Mutex<HashMap<IpAddr, FailureRecord>>,
}

impl Default for Throttle {
    fn default() -> Self {
        let valid = (0..VALID_SLOTS).map(|_| AtomicU64::new(0)).collect();
        Self { key: RandomState::new(), valid, failures: Mutex::default() }
    }
}

impl Throttle {
    /// Returns the credential of a request; `None` if it has none.
    pub(crate) fn presented(
        &self,
        ip: IpAddr,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Option<PresentedCredential> {
        let ticket = uri.query().filter(|_| query::parameters(uri.query()).any(|(name, _)| name == "ticket"));
        let token = headers.get(APP_TOKEN);
        let authorization = headers.get(header::AUTHORIZATION);
        if ticket.is_none() && token.is_none() && authorization.is_none() {
            return None;
        }
        let address = client_network(ip);
        let mut hasher = self.key.build_hasher();
        address.hash(&mut hasher);
        for part in [token, authorization] {
            part.map_or(&b""[..], |value| value.as_bytes()).hash(&mut hasher);
        }
        ticket.hash(&mut hasher);
        // 0 marks an empty slot.
        Some(PresentedCredential { address, hash: hasher.finish().max(1), charged: false })
    }

    /// Decides when a request with this credential is handled.
    pub(crate) fn admit(&self, presented: &mut PresentedCredential, now: Instant) -> Admission {
        if self.slot(presented).is_some_and(|slot| slot.load(Ordering::Relaxed) == presented.hash) {
            return Admission::Now;
        }
        let mut failures = self.failures();
        let Some(record) = failures.get_mut(&presented.address) else { return Admission::Now };
        record.refill(now);
        if record.wrong.contains(&presented.hash) {
            return Admission::Now;
        }
        let wait = (1.0 - record.tokens) / RATE;
        if wait > DELAY_MAX {
            return Admission::Refused(Duration::from_secs_f64(wait));
        }
        record.tokens -= 1.0;
        presented.charged = true;
        if wait > 0.0 { Admission::After(Duration::from_secs_f64(wait)) } else { Admission::Now }
    }

    /// The credential was wrong.
    pub(crate) fn wrong(&self, presented: &PresentedCredential, now: Instant) {
        let mut failures = self.failures();
        if failures.len() >= ADDRESSES_MAX && !failures.contains_key(&presented.address) {
            make_room(&mut failures, now);
        }
        let record = failures.entry(presented.address).or_insert_with(|| FailureRecord::new(now));
        record.refill(now);
        if record.wrong.contains(&presented.hash) {
            return;
        }
        if !presented.charged {
            // Requests that were handled in parallel before the first one failed are charged afterwards.
            record.tokens = (record.tokens - 1.0).max(-DELAY_MAX);
        }
        let position = record.next % WRONG_REMEMBERED;
        if let Some(entry) = record.wrong.get_mut(position) {
            *entry = presented.hash;
        }
        record.next = record.next.wrapping_add(1);
    }

    /// The credential was valid.
    pub(crate) fn valid(&self, presented: &PresentedCredential) {
        if let Some(slot) = self.slot(presented)
            && slot.load(Ordering::Relaxed) != presented.hash
        {
            slot.store(presented.hash, Ordering::Relaxed);
        }
        if presented.charged
            && let Some(record) = self.failures().get_mut(&presented.address)
        {
            record.tokens = (record.tokens + 1.0).min(BURST);
        }
    }

    fn slot(&self, presented: &PresentedCredential) -> Option<&AtomicU64> {
        let count = u64::try_from(self.valid.len()).unwrap_or(1).max(1);
        self.valid.get(usize::try_from(presented.hash % count).unwrap_or(0))
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<IpAddr, FailureRecord>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FailureRecord {
    const fn new(now: Instant) -> Self {
        Self { tokens: BURST, refilled_at: now, wrong: [0; WRONG_REMEMBERED], next: 0 }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * RATE).min(BURST);
        self.refilled_at = now;
    }
}

/// Forgets the addresses whose bucket is full again, or else the one that was seen least recently.
fn make_room(failures: &mut HashMap<IpAddr, FailureRecord>, now: Instant) {
    failures.retain(|_, record| {
        let passed = now.saturating_duration_since(record.refilled_at).as_secs_f64();
        record.tokens + passed * RATE < BURST
    });
    if failures.len() >= ADDRESSES_MAX
        && let Some(oldest) = failures.iter().min_by_key(|(_, record)| record.refilled_at).map(|(ip, _)| *ip)
    {
        failures.remove(&oldest);
    }
}

/// Returns the network that one client usually holds: an IPv4 address, or the /64 of an IPv6 address.
pub(crate) fn client_network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(throttle: &Throttle, ip: &str, secret: &str) -> PresentedCredential {
        let mut headers = HeaderMap::new();
        headers.insert(APP_TOKEN, secret.parse().unwrap());
        throttle.presented(ip.parse().unwrap(), &headers, &Uri::from_static("/")).unwrap()
    }

    fn guess(throttle: &Throttle, ip: &str, secret: &str, now: Instant) -> Admission {
        let mut presented = presented(throttle, ip, secret);
        let admission = throttle.admit(&mut presented, now);
        if !matches!(admission, Admission::Refused(_)) {
            throttle.wrong(&presented, now);
        }
        admission
    }

    #[test]
    fn wrong_credentials_are_delayed_and_then_refused() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..50 {
            assert_eq!(guess(&throttle, "192.0.2.1", &format!("guess-{n}"), now), Admission::Now);
        }
        let second = Duration::from_secs(1);
        for n in 1..=5_u32 {
            let admission = guess(&throttle, "192.0.2.1", &format!("more-{n}"), now);
            assert_eq!(admission, Admission::After(second * n));
        }
        assert!(matches!(guess(&throttle, "192.0.2.1", "too-many", now), Admission::Refused(_)));
        assert_eq!(guess(&throttle, "192.0.2.2", "elsewhere", now), Admission::Now);
        assert_eq!(
            guess(&throttle, "192.0.2.1", "more-5", now),
            Admission::Now,
            "a repeated credential is not a new guess"
        );
        let later = now + Duration::from_secs(6);
        assert!(matches!(
            guess(&throttle, "192.0.2.1", "later", later),
            Admission::Now | Admission::After(_)
        ));
    }

    #[test]
    fn a_valid_credential_is_delayed_at_most_once() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let mut known = presented(&throttle, "192.0.2.1", "known");
        throttle.valid(&known);
        for n in 0..52 {
            guess(&throttle, "192.0.2.1", &format!("guess-{n}"), now);
        }
        assert_eq!(throttle.admit(&mut known, now), Admission::Now);
        let mut new = presented(&throttle, "192.0.2.1", "new");
        assert!(matches!(throttle.admit(&mut new, now), Admission::After(_)));
        throttle.valid(&new);
        assert_eq!(throttle.admit(&mut presented(&throttle, "192.0.2.1", "new"), now), Admission::Now);
        let same_elsewhere = presented(&throttle, "192.0.2.2", "known");
        assert_ne!(same_elsewhere.hash, known.hash);
    }

    #[test]
    fn the_number_of_tracked_addresses_is_limited() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 100 {
            let ip = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            throttle
                .wrong(&presented(&throttle, &ip.to_string(), "x"), now + Duration::from_millis(n.into()));
        }
        assert!(throttle.failures().len() <= ADDRESSES_MAX);
        let v6 = |ip: &str| presented(&throttle, ip, "x").address;
        assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:1"));
        assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
    }
}
