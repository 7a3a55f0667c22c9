//! Slows down the guessing of passwords, for each name and address.

use footbridge_model::people::PERSON_NAME_MAX;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Wrong passwords before the first wait.
const FREE: u32 = 5;
/// The time after which wrong passwords are forgotten.
const WINDOW: Duration = Duration::from_mins(15);
/// The first wait; each further wrong password doubles it, up to [`WINDOW`].
const FIRST_WAIT: Duration = Duration::from_secs(15);
/// The most pairs of name and address that are remembered.
const MOST: usize = 10_000;

/// Wrong passwords of the last minutes. Nobody else is kept from signing in as the same user: the address is part of the key.
#[derive(Debug, Default)]
pub(super) struct Guesses(Mutex<HashMap<Key, Wrong>>);

type Key = (String, Option<IpAddr>);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    last: Instant,
    /// No password is checked before.
    until: Instant,
}

/// Returns the network that counts as one address: one subscriber usually has a whole /64 of IPv6.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    })
}

fn key(name: &str, address: Option<IpAddr>) -> Key {
    (name.chars().take(PERSON_NAME_MAX).collect::<String>().to_ascii_lowercase(), network(address))
}

impl Guesses {
    /// Takes a try, which counts as wrong until [`Self::right`]: tries that are checked at the same time count, too.
    ///
    /// # Errors
    /// The time to wait.
    pub(super) fn admit(&self, name: &str, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, wrong| now.saturating_duration_since(wrong.last) < WINDOW);
        }
        if all.len() >= MOST {
            // So many pairs within minutes are an attack; forgetting the oldest keeps the memory bounded.
            let oldest = all.iter().min_by_key(|(_, wrong)| wrong.last).map(|(key, _)| key.clone());
            oldest.map(|key| all.remove(&key));
        }
        let wrong = all.entry(key(name, address)).or_insert(Wrong { count: 0, last: now, until: now });
        if now.saturating_duration_since(wrong.last) >= WINDOW && now >= wrong.until {
            *wrong = Wrong { count: 0, last: now, until: now };
        }
        if now < wrong.until {
            return Err(wrong.until.saturating_duration_since(now));
        }
        wrong.count += 1;
        wrong.last = now;
        if let Some(beyond) = wrong.count.checked_sub(FREE) {
            let wait = FIRST_WAIT.saturating_mul(1 << beyond.min(10)).min(WINDOW);
            wrong.until = now + wait;
        }
        Ok(())
    }

    /// Forgets the wrong passwords of a name and an address, after a right one.
    pub(super) fn right(&self, name: &str, address: Option<IpAddr>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(name, address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_try_waits_longer_and_longer_but_only_from_there() {
        let guesses = Guesses::default();
        let (here, there) = (Some([192, 0, 2, 1].into()), Some([192, 0, 2, 2].into()));
        let mut now = Instant::now();
        for _ in 0..5 {
            assert_eq!(guesses.admit("Ana", here, now), Ok(()));
        }
        assert_eq!(guesses.admit("ana", here, now), Err(FIRST_WAIT));
        assert_eq!(guesses.admit("ana", there, now), Ok(()));
        assert_eq!(guesses.admit("ben", here, now), Ok(()));
        now += FIRST_WAIT;
        assert_eq!(guesses.admit("ana", here, now), Ok(()));
        assert_eq!(guesses.admit("ana", here, now), Err(FIRST_WAIT * 2));
        now += FIRST_WAIT * 2;
        assert_eq!(guesses.admit("ana", here, now), Ok(()));
        guesses.right("ana", here);
        assert_eq!(guesses.admit("ana", here, now), Ok(()));
        for _ in 0..20 {
            if let Err(wait) = guesses.admit("ana", here, now) {
                assert!(wait <= WINDOW);
                now += wait;
            }
        }
        now += WINDOW;
        for _ in 0..5 {
            assert_eq!(guesses.admit("ana", here, now), Ok(()));
        }
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address_and_the_memory_is_bounded() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for last in 1..=5_u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
            assert_eq!(guesses.admit("ana", Some(address), now), Ok(()));
        }
        let sixth = IpAddr::from([0x2001, 0xdb8, 0, 1, 7, 7, 7, 7]);
        assert!(guesses.admit("ana", Some(sixth), now).is_err());
        for number in 0..MOST + 10 {
            let _ = guesses.admit(&number.to_string(), None, now);
        }
        assert!(guesses.0.lock().unwrap().len() <= MOST);
    }
}
