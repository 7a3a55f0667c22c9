//! The server's clock: the system's clock without large jumps.
//!
//! Ids, retention, retries and signatures use the time of day. With a clock that is set wrong, retention would delete
//! too much, and new ids would be larger than all later ones. So the server does not start while the clock is far from
//! the time of the database's last use. A running server continues with its own count if the clock is set by more than
//! a day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use footbridge_model::time::{Clock, Millis};

use crate::clock::SystemClock;

/// A jump up to this size is accepted at once.
const SMALL: Duration = Duration::from_hours(24);
/// A larger jump is accepted once the clock has kept the new time for so long: a machine that slept or was restored
/// shows the right time.
const SETTLED: Duration = Duration::from_mins(10);
/// A jump above this size is never accepted without a restart.
const LARGE: Duration = Duration::from_hours(366 * 24);

/// Times in milliseconds that a right clock can show: from 2024-01-01, before the first version, to 2090-01-01, near the
/// last time that an id can hold.
const POSSIBLE: std::ops::Range<i64> = 1_704_067_200_000..3_786_912_000_000;

/// Reason why the server does not accept the machine's clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The clock shows an impossible time.
    #[error("this machine's clock shows {0}, which cannot be right: set the clock and start again")]
    Impossible(Millis),
    /// The clock is behind the time of the database's last use.
    #[error(
        "this machine's clock shows {now}, but the database was last used at {seen}: set the clock and start again; \
         if it is right now and was wrong then, start once with --accept-clock"
    )]
    Behind {
        /// The time of the clock.
        now: Millis,
        /// The time of the last use of the database.
        seen: Millis,
    },
    /// The clock is far ahead of the time of the database's last use.
    #[error(
        "this machine's clock shows {now}, but the database was last used at {seen}, more than a year before: set the \
         clock and start again; if it is right, start once with --accept-clock"
    )]
    Ahead {
        /// The time of the clock.
        now: Millis,
        /// The time of the last use of the database.
        seen: Millis,
    },
}

/// Checks that a right clock can show this time.
///
/// # Errors
/// [`ClockError::Impossible`]
pub fn check(now: Millis) -> Result<(), ClockError> {
    if POSSIBLE.contains(&now.0) { Ok(()) } else { Err(ClockError::Impossible(now)) }
}

/// Checks that a server may start now on a database that was last used at `seen`.
///
/// # Errors
/// [`ClockError`]
pub fn check_against(now: Millis, seen: Option<Millis>) -> Result<(), ClockError> {
    let Some(seen) = seen else { return Ok(()) };
    if now.plus(SMALL) < seen {
        Err(ClockError::Behind { now, seen })
    } else if seen.plus(LARGE) < now {
        Err(ClockError::Ahead { now, seen })
    } else {
        Ok(())
    }
}

/// Largest difference, in milliseconds, between the clock and the last accepted offset for which no check is needed.
const STEP: u64 = 1000;
/// The offset while every reading must be checked.
const UNKNOWN: i64 = i64::MIN;

/// The system's clock without large jumps.
#[derive(Debug)]
pub struct SteadyClock {
    accepted: Mutex<AcceptedTime>,
    /// The time of day minus the time since the machine's start at the last check, in milliseconds; or [`UNKNOWN`]. Every
    /// request on every thread reads the time; with this value no thread waits for another.
    offset: AtomicI64,
}

impl SteadyClock {
    /// Starts a clock with the system's time.
    pub fn start() -> Self {
        let accepted = AcceptedTime { wall: SystemClock.now(), run: SystemClock.elapsed(), doubt: None };
        Self { accepted: Mutex::new(accepted), offset: AtomicI64::new(UNKNOWN) }
    }

    fn lock(&self) -> MutexGuard<'_, AcceptedTime> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Millis {
        let (wall, run) = (SystemClock.now(), SystemClock.elapsed());
        let offset = wall.0.saturating_sub(i64::try_from(run.as_millis()).unwrap_or(i64::MAX));
        let accepted_offset = self.offset.load(Ordering::Relaxed);
        if accepted_offset != UNKNOWN && offset.abs_diff(accepted_offset) <= STEP {
            return wall;
        }
        let mut accepted = self.lock();
        let now = accepted.read(wall, run);
        let offset = if accepted.doubt.is_none() { offset } else { UNKNOWN };
        self.offset.store(offset, Ordering::Relaxed);
        now
    }

    fn elapsed(&self) -> Duration {
        SystemClock.elapsed()
    }

    fn doubt(&self) -> Option<String> {
        self.lock().doubt.map(|doubt| {
            format!(
                "this machine's clock was set by {} hours; the server uses its own count until the clock is \
                 right again or the server restarts",
                doubt.off / 3_600_000
            )
        })
    }
}

/// The last accepted reading of both clocks.
#[derive(Debug)]
struct AcceptedTime {
    wall: Millis,
    run: Duration,
    doubt: Option<Doubt>,
}

/// A jump that is not accepted yet.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    /// The difference between the clock and the server's count, in milliseconds.
    off: i64,
    /// The time since the machine's start at which the jump was seen.
    since: Duration,
}

impl AcceptedTime {
    /// Returns the time of day from the system's clock and the time since the machine's start.
    fn read(&mut self, wall: Millis, run: Duration) -> Millis {
        let counted = self.wall.plus(run.saturating_sub(self.run));
        let off = wall.0.saturating_sub(counted.0);
        if off.unsigned_abs() <= millis(SMALL) {
            if self.doubt.take().is_some() {
                tracing::info!(now = %wall, "the machine's clock is right again");
            }
        } else {
            let same = self.doubt.filter(|doubt| doubt.off.abs_diff(off) <= millis(SMALL));
            let since = same.map_or(run, |doubt| doubt.since);
            if same.is_none() {
                tracing::error!(
                    from = %counted, to = %wall,
                    "the machine's clock was set by more than a day; the server uses its own count"
                );
            }
            self.doubt = Some(Doubt { off, since });
            let small = off.unsigned_abs() <= millis(LARGE) && check(wall).is_ok();
            if !small || run.saturating_sub(since) < SETTLED {
                return counted;
            }
            tracing::warn!(from = %counted, to = %wall, "the server follows the machine's clock, which has kept its new time");
            self.doubt = None;
        }
        (self.wall, self.run) = (wall, run);
        wall
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;
    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 366 * 24 * HOUR;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_jump_is_not_accepted_until_the_clock_is_right_again() {
        for jump in [70 * YEAR, -57 * YEAR, i64::MAX - NOW - HOUR, -NOW] {
            let mut clock = AcceptedTime { wall: Millis(NOW), run: at(0), doubt: None };
            assert_eq!(clock.read(Millis(NOW + 1000), at(1)), Millis(NOW + 1000));
            for later in [2, 3000] {
                let counted = NOW + 1000 * i64::try_from(later).unwrap();
                assert_eq!(clock.read(Millis(counted + jump), at(later)), Millis(counted), "{jump}");
                assert!(clock.doubt.is_some());
            }
            assert_eq!(clock.read(Millis(NOW + 4_000_500), at(4000)), Millis(NOW + 4_000_500));
            assert!(clock.doubt.is_none());
        }
    }

    #[test]
    fn small_steps_are_accepted_at_once_and_larger_ones_after_a_while() {
        let mut clock = AcceptedTime { wall: Millis(NOW), run: at(0), doubt: None };
        for step in [HOUR, -HOUR] {
            assert_eq!(clock.read(Millis(NOW + step), at(0)), Millis(NOW + step));
        }
        let base = NOW - HOUR;
        let slept = 40 * 24 * HOUR;
        assert_eq!(clock.read(Millis(base + slept), at(0)), Millis(base));
        assert_eq!(clock.read(Millis(base + slept + 599_000), at(599)), Millis(base + 599_000));
        assert_eq!(clock.read(Millis(base + slept + 600_000), at(600)), Millis(base + slept + 600_000));
        assert!(clock.doubt.is_none());
    }

    #[test]
    fn a_start_is_refused_while_the_clock_is_far_off() {
        let now = Millis(NOW);
        assert!(check(now).is_ok());
        for impossible in [0, i64::MIN, 1_700_000_000_000, 4_000_000_000_000, i64::MAX] {
            assert!(check(Millis(impossible)).is_err(), "{impossible}");
        }
        for seen in [None, Some(Millis(NOW - YEAR)), Some(Millis(NOW + 23 * HOUR)), Some(now)] {
            assert_eq!(check_against(now, seen), Ok(()), "{seen:?}");
        }
        let seen = Millis(NOW - 2 * YEAR);
        assert_eq!(check_against(now, Some(seen)), Err(ClockError::Ahead { now, seen }));
        let seen = Millis(NOW + 30 * HOUR);
        assert_eq!(check_against(now, Some(seen)), Err(ClockError::Behind { now, seen }));
    }
}
