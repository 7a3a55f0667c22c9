//! Ids: one type for each kind of thing, with its prefix, ordered by time.
//!
//! An id is 63 bits, so it fits an integer key of any database: 41 bits of milliseconds since 2024 (until 2093; later
//! ids only count up), 10 bits of source, 12 bits of sequence. No two living servers of a cluster have the same source;
//! a single server has source 0. The text is thirteen Crockford base-32 digits.

use crate::time::Millis;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// 2024-01-01T00:00:00Z in milliseconds since the Unix epoch.
const EPOCH: i64 = 1_704_067_200_000;
/// The lowest bits of an id count within a millisecond.
pub const SEQUENCE_BITS: u32 = 12;
const SOURCE_BITS: u32 = 10;
/// The milliseconds of an id are its bits above this.
pub const TIME_SHIFT: u32 = SOURCE_BITS + SEQUENCE_BITS;
/// Ids of one source in one millisecond.
const SEQUENCES: u64 = 1 << SEQUENCE_BITS;
/// The last millisecond since [`EPOCH`] in a new id, some months before 41 bits are used up: a clock that is set beyond
/// leaves numbers for the time after it is corrected.
const LAST_MILLISECOND: u64 = (1 << 41) - (1 << 34);

/// The highest number an id can have.
pub const LAST_NUMBER: u64 = (1 << 63) - (1 << 32);

/// Returns the time in an id with this number: when it was made, if the clock was right.
pub const fn made_at(number: u64) -> Millis {
    // 41 bits remain.
    Millis(EPOCH + (number >> TIME_SHIFT).cast_signed())
}

/// Returns the `k`-th number after `first` from the same source. It continues in the next millisecond when the
/// sequence of one is used up.
///
/// ```
/// use footbridge_model::id::nth;
///
/// let event = 7 << 22;
/// assert_eq!(nth(event, 3), event + 3);
/// assert_eq!(nth(event, 4096), 8 << 22);
/// ```
pub const fn nth(first: u64, k: u64) -> u64 {
    let sequence = (first & (SEQUENCES - 1)) + k;
    (first & !(SEQUENCES - 1)) + ((sequence >> SEQUENCE_BITS) << TIME_SHIFT) + (sequence & (SEQUENCES - 1))
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 13;

/// The error for a text that is not an id of the kind.
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
            /// The prefix of the text.
            pub const PREFIX: &'static str = $prefix;

            /// The id with this number, from an [`IdSource`] or a journal.
            pub const fn from_number(number: u64) -> Self {
                Self(number)
            }

            /// The number to store.
            pub const fn number(self) -> u64 {
                self.0
            }

            /// The id as text. Cheaper than `to_string`.
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
    /// An entry of the audit log.
    AuditId,
    "aud"
);
id!(
    /// A job on many deliveries.
    JobId,
    "job"
);
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
id!(
    /// A user of the console.
    UserId,
    "usr"
);
id!(
    /// A token of the administration API.
    TokenId,
    "tok"
);
id!(
    /// A session of the console.
    SessionId,
    "ses"
);

/// Makes numbers for ids. They grow, whatever the clock does, and lie above the highest number that the journal knows.
///
/// ```
/// use footbridge_model::id::{IdSource, nth};
/// use footbridge_model::time::Millis;
///
/// let ids = IdSource::above(0);
/// let now = Millis(1_800_000_000_000);
/// let event = ids.block(now, 3);
/// assert!(ids.next(now) > nth(event, 2));
/// ```
#[derive(Debug)]
pub struct IdSource {
    last: AtomicU64,
    source: u64,
}

impl IdSource {
    /// The source of a single server. All of its numbers lie above `floor`.
    pub const fn above(floor: u64) -> Self {
        Self { last: AtomicU64::new(floor), source: 0 }
    }

    /// The source of a server in a cluster. `source` has 10 bits; higher bits are ignored.
    pub fn of_source(source: u16, floor: u64) -> Self {
        let source = u64::from(source) & ((1 << SOURCE_BITS) - 1);
        Self { last: AtomicU64::new(floor), source: source << SEQUENCE_BITS }
    }

    /// Returns the lowest number of this time.
    pub fn first_at(time: Millis) -> u64 {
        let since = u64::try_from(time.0.saturating_sub(EPOCH)).unwrap_or(0);
        since.min(LAST_MILLISECOND) << TIME_SHIFT
    }

    /// Returns the time at which a number was made.
    pub fn time_of(number: u64) -> Millis {
        let since = i64::try_from(number >> TIME_SHIFT).unwrap_or(i64::MAX);
        Millis(since.saturating_add(EPOCH))
    }

    /// Makes one number.
    pub fn next(&self, now: Millis) -> u64 {
        self.block(now, 1)
    }

    /// Returns the number that was made last.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Makes `count` numbers and returns the first: the others are its [`nth`] ones.
    pub fn block(&self, now: Millis, count: u64) -> u64 {
        let timely = Self::first_at(now) | self.source;
        let mut first = 0;
        // The closure always returns `Some`, so this cannot fail.
        let _ = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            first = timely.max(self.after(last));
            Some(nth(first, count.max(1) - 1))
        });
        first
    }

    /// The lowest number of this source above `last`, which may be of another source.
    const fn after(&self, last: u64) -> u64 {
        let next = last + 1;
        let (time, source) =
            (next >> TIME_SHIFT << TIME_SHIFT, next & (((1 << SOURCE_BITS) - 1) << SEQUENCE_BITS));
        if source == self.source {
            next
        } else if source < self.source {
            time | self.source
        } else {
            (time + (1 << TIME_SHIFT)) | self.source
        }
    }
}

/// Returns the lowest number of this time, also for times beyond the last one that new ids can have.
pub fn number_at(at: Millis) -> u64 {
    let since = u64::try_from(at.0.saturating_sub(EPOCH)).unwrap_or(0);
    since.min(i64::MAX.unsigned_abs() >> TIME_SHIFT) << TIME_SHIFT
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
    fn numbers_of_two_sources_differ_and_grow_whatever_the_floor() {
        let now = Millis(EPOCH + 9);
        let floors = [
            0,
            (9 << TIME_SHIFT) + 5,
            (9 << TIME_SHIFT) | (3 << SEQUENCE_BITS) | 4095,
            nth(9 << TIME_SHIFT, 9000),
        ];
        for floor in floors {
            let mut all = std::collections::BTreeSet::new();
            for source in [0, 2, 3, 1023] {
                let ids = IdSource::of_source(source, floor);
                let mut last = floor;
                for count in [1, 4096, 1, 5000, 2] {
                    let first = ids.block(now, count);
                    assert!(first > last, "{source} above {floor}");
                    for number in (0..count).map(|k| nth(first, k)) {
                        assert_eq!(number >> SEQUENCE_BITS & 1023, u64::from(source));
                        assert!(all.insert(number), "{number} twice");
                        last = number;
                    }
                    assert_eq!(ids.last(), last);
                }
            }
        }
    }

    #[test]
    fn a_clock_far_ahead_leaves_numbers_for_what_comes_after() {
        let source = IdSource::above(0);
        for clock in [i64::MAX, EPOCH + (1 << 41), 0, i64::MIN, EPOCH + 1] {
            let first = source.block(Millis(clock), 200);
            assert!(nth(first, 199) < LAST_NUMBER, "{clock}: {first}");
            assert!(source.next(Millis(clock)) > first);
        }
        // A journal whose highest id is from such a clock goes on, too.
        let source = IdSource::above(LAST_MILLISECOND << TIME_SHIFT);
        assert!(source.next(Millis(EPOCH)) < LAST_NUMBER);
        assert_eq!(made_at(IdSource::above(0).next(Millis(EPOCH + 77))), Millis(EPOCH + 77));
    }
}
