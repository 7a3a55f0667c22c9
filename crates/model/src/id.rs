//! Ids: one type for each kind of thing, with its prefix, ordered by time.
//!
//! An id is 63 bits: 41 bits of milliseconds since 2024 (until 2093, beyond which they only count on) and 22 bits of sequence, written
//! as thirteen Crockford base-32 digits. Bits fit an integer key of any database.

use crate::time::Millis;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// 2024-01-01T00:00:00Z in milliseconds since the Unix epoch.
const EPOCH: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 22;
/// The last millisecond since [`EPOCH`] that ids are made of, some months before 41 bits are used up: a clock that
/// is set beyond leaves numbers for whatever comes after it.
const LAST_MILLISECOND: u64 = (1 << 41) - (1 << 34);

/// No id has a higher number than this.
pub const LAST_NUMBER: u64 = (1 << 63) - (1 << 32);

/// When the id with this number was made, if its clock was right.
pub const fn made_at(number: u64) -> Millis {
    // 41 bits are left.
    Millis(EPOCH + (number >> SEQUENCE_BITS).cast_signed())
}
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 13;

/// The text is not an id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected `{0}_` and thirteen digits or letters")]
pub struct BadId(pub &'static str);

fn encode(prefix: &str, number: u64) -> String {
    let mut text = String::with_capacity(prefix.len() + 1 + LENGTH);
    text.push_str(prefix);
    text.push('_');
    for place in (0..LENGTH).rev() {
        let digit = usize::try_from(number >> (5 * place) & 31).unwrap_or(0);
        text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'0')));
    }
    text
}

fn decode(prefix: &'static str, text: &str) -> Result<u64, BadId> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(BadId(prefix))?;
    if digits.len() != LENGTH {
        return Err(BadId(prefix));
    }
    let mut number: u128 = 0;
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit).ok_or(BadId(prefix))?;
        number = number << 5 | value as u128;
    }
    u64::try_from(number).ok().filter(|number| i64::try_from(*number).is_ok()).ok_or(BadId(prefix))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this number, as an [`IdSource`] gave it or a journal kept it.
            pub const fn from_number(number: u64) -> Self {
                Self(number)
            }

            /// The number to keep.
            pub const fn number(self) -> u64 {
                self.0
            }

            /// The id as text: what `to_string` gives, for less.
            pub fn text(self) -> String {
                encode($prefix, self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                decode($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text())
            }
        }
    };
}

id!(
    /// A published event.
    EventId,
    "evt"
);
id!(
    /// A hook, persistent or transient.
    HookId,
    "hook"
);
id!(
    /// One event on its way to one hook.
    DeliveryId,
    "dlv"
);
id!(
    /// One exchange over the bridge.
    ExchangeId,
    "exc"
);

/// Hands out numbers for ids: growing, unique in this process and, given the journal's highest as a
/// floor, after a restart and a clock set back as well.
#[derive(Debug)]
pub struct IdSource {
    last: AtomicU64,
}

impl IdSource {
    /// A source whose numbers are all above `floor`.
    pub const fn above(floor: u64) -> Self {
        Self { last: AtomicU64::new(floor) }
    }

    /// The first number that something made at this time can have.
    pub fn first_at(time: Millis) -> u64 {
        let since = u64::try_from(time.0.saturating_sub(EPOCH)).unwrap_or(0);
        since.min(LAST_MILLISECOND) << SEQUENCE_BITS
    }

    /// The next number, for something made `now`.
    pub fn next(&self, now: Millis) -> u64 {
        self.block(now, 1)
    }

    /// The last number that was given.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// The first of `count` numbers in a row.
    pub fn block(&self, now: Millis, count: u64) -> u64 {
        let timely = Self::first_at(now);
        let mut first = 0;
        // The closure never gives up, so this cannot fail.
        let _ = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            first = timely.max(last + 1);
            Some(first + count.max(1) - 1)
        });
        first
    }
}

/// The lowest number of an id that is made at this time: those made before it have lower ones.
pub fn number_at(at: Millis) -> u64 {
    let since = u64::try_from(at.0.saturating_sub(EPOCH)).unwrap_or(0);
    since.min(i64::MAX.unsigned_abs() >> SEQUENCE_BITS) << SEQUENCE_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let id = EventId::from_number(0x7fff_ffff_ffff_ffff);
        assert_eq!(id.to_string().parse::<EventId>(), Ok(id));
        assert_eq!("hook_0000000000001".parse::<HookId>().map(HookId::number), Ok(1));
        for bad in
            ["", "evt_", "evt_000000000000", "dlv_0000000000001", "evt_000000000000u", "evt_zzzzzzzzzzzzz"]
        {
            assert!(bad.parse::<EventId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_divides_the_ids_before_it_from_those_after() {
        let source = IdSource::above(0);
        let (earlier, later) = (source.next(Millis(EPOCH + 4)), source.next(Millis(EPOCH + 5)));
        let between = number_at(Millis(EPOCH + 5));
        assert!(earlier < between && between <= later);
        assert_eq!(number_at(Millis(0)), 0);
        assert!(i64::try_from(number_at(Millis(i64::MAX))).is_ok());
    }

    #[test]
    fn grows_even_when_the_clock_is_set_back() {
        let source = IdSource::above(0);
        let now = Millis(EPOCH + 1_000_000);
        let first = source.next(now);
        let block = source.block(now.minus(std::time::Duration::from_hours(1)), 5);
        assert!(block > first);
        assert!(source.next(now) > block + 4);
    }

    #[test]
    fn a_clock_far_ahead_leaves_numbers_for_what_comes_after() {
        let source = IdSource::above(0);
        for clock in [i64::MAX, EPOCH + (1 << 41), 0, i64::MIN, EPOCH + 1] {
            let first = source.block(Millis(clock), 200);
            assert!(first + 200 < LAST_NUMBER, "{clock}: {first}");
            assert!(source.next(Millis(clock)) > first);
        }
        // A journal whose highest id is from such a clock goes on, too.
        let source = IdSource::above(LAST_MILLISECOND << SEQUENCE_BITS);
        assert!(source.next(Millis(EPOCH)) < LAST_NUMBER);
        assert_eq!(made_at(IdSource::above(0).next(Millis(EPOCH + 77))), Millis(EPOCH + 77));
    }
}
