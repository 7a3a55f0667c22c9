//! How often an address may guess at a secret.
//!
//! The first wrong secrets of an address are answered at once. After those, a secret that nobody has proved from
//! there before waits for its turn, one a second. A secret that is known to be right is never held up, nor is one
//! that is sent once more although it was wrong: that is no guess. Other addresses notice nothing.

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

/// Wrong secrets that are answered at once.
const FREE: f64 = 50.0;
/// How many more come to be allowed in a second.
const A_SECOND: f64 = 1.0;
/// The longest that a guess waits for its turn; one that would wait longer is refused.
const PATIENCE: f64 = 5.0;
/// The most addresses that are remembered.
const ADDRESSES: usize = 4096;
/// Wrong secrets of an address that are known again.
const REMEMBERED: usize = 16;
/// Proved secrets that are known again; two may share a place, and then the older one is forgotten.
const PROVED: usize = 4096;

/// A credential as somebody presents it, unreadable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented {
    address: IpAddr,
    print: u64,
    paid: bool,
}

/// What becomes of a request with a credential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Admission {
    /// It is judged now.
    Now,
    /// It is judged after this time.
    After(Duration),
    /// It is not judged; it may come back after this time.
    Refused(Duration),
}

#[derive(Debug)]
struct Guesser {
    allowed: f64,
    at: Instant,
    wrong: [u64; REMEMBERED],
    next: usize,
}

/// Counts wrong secrets by address.
#[derive(Debug)]
pub(crate) struct Throttle {
    key: RandomState,
    proved: Box<[AtomicU64]>,
    guessers: Mutex<HashMap<IpAddr, Guesser>>,
}

impl Default for Throttle {
    fn default() -> Self {
        let proved = (0..PROVED).map(|_| AtomicU64::new(0)).collect();
        Self { key: RandomState::new(), proved, guessers: Mutex::default() }
    }
}

impl Throttle {
    /// The credential of a request, if it has any.
    pub(crate) fn presented(&self, ip: IpAddr, headers: &HeaderMap, uri: &Uri) -> Option<Presented> {
        let ticket = uri.query().filter(|query| query.contains("ticket="));
        let token = headers.get(APP_TOKEN);
        let authorization = headers.get(header::AUTHORIZATION);
        if ticket.is_none() && token.is_none() && authorization.is_none() {
            return None;
        }
        let address = holder(ip);
        let mut hasher = self.key.build_hasher();
        address.hash(&mut hasher);
        for part in [token, authorization] {
            part.map_or(&b""[..], |value| value.as_bytes()).hash(&mut hasher);
        }
        ticket.hash(&mut hasher);
        // 0 stands for a free place.
        Some(Presented { address, print: hasher.finish().max(1), paid: false })
    }

    /// Whether it is judged now.
    pub(crate) fn admit(&self, presented: &mut Presented, now: Instant) -> Admission {
        if self.place(presented).is_some_and(|place| place.load(Ordering::Relaxed) == presented.print) {
            return Admission::Now;
        }
        let mut guessers = self.guessers();
        let Some(guesser) = guessers.get_mut(&presented.address) else { return Admission::Now };
        guesser.refill(now);
        if guesser.wrong.contains(&presented.print) {
            return Admission::Now;
        }
        let wait = (1.0 - guesser.allowed) / A_SECOND;
        if wait > PATIENCE {
            return Admission::Refused(Duration::from_secs_f64(wait));
        }
        guesser.allowed -= 1.0;
        presented.paid = true;
        if wait > 0.0 { Admission::After(Duration::from_secs_f64(wait)) } else { Admission::Now }
    }

    /// It was wrong.
    pub(crate) fn wrong(&self, presented: &Presented, now: Instant) {
        let mut guessers = self.guessers();
        if guessers.len() >= ADDRESSES && !guessers.contains_key(&presented.address) {
            make_room(&mut guessers, now);
        }
        let guesser = guessers.entry(presented.address).or_insert_with(|| Guesser::new(now));
        guesser.refill(now);
        if guesser.wrong.contains(&presented.print) {
            return;
        }
        if !presented.paid {
            // Those that were judged side by side before the first was found wrong.
            guesser.allowed = (guesser.allowed - 1.0).max(-PATIENCE);
        }
        let place = guesser.next % REMEMBERED;
        if let Some(place) = guesser.wrong.get_mut(place) {
            *place = presented.print;
        }
        guesser.next = guesser.next.wrapping_add(1);
    }

    /// It was right.
    pub(crate) fn right(&self, presented: &Presented) {
        if let Some(place) = self.place(presented)
            && place.load(Ordering::Relaxed) != presented.print
        {
            place.store(presented.print, Ordering::Relaxed);
        }
        if presented.paid
            && let Some(guesser) = self.guessers().get_mut(&presented.address)
        {
            guesser.allowed = (guesser.allowed + 1.0).min(FREE);
        }
    }

    fn place(&self, presented: &Presented) -> Option<&AtomicU64> {
        let count = u64::try_from(self.proved.len()).unwrap_or(1).max(1);
        self.proved.get(usize::try_from(presented.print % count).unwrap_or(0))
    }

    fn guessers(&self) -> MutexGuard<'_, HashMap<IpAddr, Guesser>> {
        self.guessers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guesser {
    const fn new(now: Instant) -> Self {
        Self { allowed: FREE, at: now, wrong: [0; REMEMBERED], next: 0 }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.allowed = (self.allowed + passed * A_SECOND).min(FREE);
        self.at = now;
    }
}

/// Forgets those that may guess freely again, or else the one that was heard of least recently.
fn make_room(guessers: &mut HashMap<IpAddr, Guesser>, now: Instant) {
    guessers.retain(|_, guesser| {
        let passed = now.saturating_duration_since(guesser.at).as_secs_f64();
        guesser.allowed + passed * A_SECOND < FREE
    });
    if guessers.len() >= ADDRESSES
        && let Some(oldest) = guessers.iter().min_by_key(|(_, guesser)| guesser.at).map(|(ip, _)| *ip)
    {
        guessers.remove(&oldest);
    }
}

/// Who holds an address: of IPv6 the /64, which is handed out as one.
pub(crate) fn holder(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(throttle: &Throttle, ip: &str, secret: &str) -> Presented {
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
    fn guesses_wait_for_their_turn_and_are_refused_when_there_are_too_many() {
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
            "no guess but the same again"
        );
        let later = now + Duration::from_secs(6);
        assert!(matches!(
            guess(&throttle, "192.0.2.1", "later", later),
            Admission::Now | Admission::After(_)
        ));
    }

    #[test]
    fn a_right_secret_is_held_up_at_most_once() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let mut known = presented(&throttle, "192.0.2.1", "known");
        throttle.right(&known);
        for n in 0..52 {
            guess(&throttle, "192.0.2.1", &format!("guess-{n}"), now);
        }
        assert_eq!(throttle.admit(&mut known, now), Admission::Now);
        let mut new = presented(&throttle, "192.0.2.1", "new");
        assert!(matches!(throttle.admit(&mut new, now), Admission::After(_)));
        throttle.right(&new);
        assert_eq!(throttle.admit(&mut presented(&throttle, "192.0.2.1", "new"), now), Admission::Now);
        let same_elsewhere = presented(&throttle, "192.0.2.2", "known");
        assert_ne!(same_elsewhere.print, known.print);
    }

    #[test]
    fn no_more_addresses_are_kept_than_fit() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..u32::try_from(ADDRESSES).unwrap() + 100 {
            let ip = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            throttle
                .wrong(&presented(&throttle, &ip.to_string(), "x"), now + Duration::from_millis(n.into()));
        }
        assert!(throttle.guessers().len() <= ADDRESSES);
        let v6 = |ip: &str| presented(&throttle, ip, "x").address;
        assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:1"));
        assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
    }
}
