//! The server's clock: the system's, unless that jumps.
//!
//! Ids, retention, retries and signatures follow the time of day. A clock that is set wrong would delete what is to be
//! kept and make ids that lie ahead of all later ones. So a start is refused while the clock is far from what the
//! database has seen, and a running server goes on counting by itself when the clock is set by more than a day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use footbridge_model::time::{Clock, Millis};

use crate::clock::SystemClock;

/// A jump up to this is followed at once.
const SMALL: Duration = Duration::from_hours(24);
/// A larger one is followed once it has stood for so long: a machine that was asleep or restored is right.
const STANDS: Duration = Duration::from_mins(10);
/// One larger than this is never followed without a restart.
const LARGE: Duration = Duration::from_hours(366 * 24);

/// 2024-01-01, when there was no Footbridge yet, and 2090-01-01, near the end of what ids can name.
const POSSIBLE: std::ops::Range<i64> = 1_704_067_200_000..3_786_912_000_000;

/// Why the machine's clock is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It shows a time that cannot be.
    #[error("this machine's clock says {0}, which cannot be: set it and start again")]
    Impossible(Millis),
    /// It is behind what the database has seen.
    #[error(
        "this machine's clock says {now}, but the database was in use at {seen}: set the clock and start again; \
         if it is right now and was wrong then, start once with --accept-clock"
    )]
    Behind {
        /// What it says.
        now: Millis,
        /// When the database was last used.
        seen: Millis,
    },
    /// It is far ahead of what the database has seen.
    #[error(
        "this machine's clock says {now}, but the database was last used at {seen}, more than a year before: set the \
         clock and start again; if it is right, start once with --accept-clock"
    )]
    Ahead {
        /// What it says.
        now: Millis,
        /// When the database was last used.
        seen: Millis,
    },
}

/// Whether a time can be.
///
/// # Errors
/// [`ClockError::Impossible`]
pub fn check(now: Millis) -> Result<(), ClockError> {
    if POSSIBLE.contains(&now.0) { Ok(()) } else { Err(ClockError::Impossible(now)) }
}

/// Whether a server may start now on a database that was last used at `seen`.
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

/// A clock that differs by at most this from its last judged reading needs no judging: milliseconds.
const STEP: u64 = 1000;
/// No reading can be taken without judging it.
const IN_DOUBT: i64 = i64::MIN;

/// The system's clock without its jumps.
#[derive(Debug)]
pub struct SteadyClock {
    judged: Mutex<Steady>,
    /// The time of day minus the time the machine has run, when last judged, in milliseconds; or [`IN_DOUBT`]. Every
    /// request asks for the time, and on every thread: with this, none of them waits for another.
    offset: AtomicI64,
}

impl SteadyClock {
    /// Starts a clock with the system's time.
    pub fn start() -> Self {
        let judged = Steady { wall: SystemClock.now(), run: running(), doubt: None };
        Self { judged: Mutex::new(judged), offset: AtomicI64::new(IN_DOUBT) }
    }

    fn lock(&self) -> MutexGuard<'_, Steady> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Millis {
        let (wall, run) = (SystemClock.now(), running());
        let offset = wall.0.saturating_sub(i64::try_from(run.as_millis()).unwrap_or(i64::MAX));
        let judged_offset = self.offset.load(Ordering::Relaxed);
        if judged_offset != IN_DOUBT && offset.abs_diff(judged_offset) <= STEP {
            return wall;
        }
        let mut judged = self.lock();
        let now = judged.read(wall, run);
        let offset = if judged.doubt.is_none() { offset } else { IN_DOUBT };
        self.offset.store(offset, Ordering::Relaxed);
        now
    }

    fn doubt(&self) -> Option<String> {
        self.lock().doubt.map(|doubt| {
            format!(
                "this machine's clock was set by {} hours; the server goes on by its own count until the clock is \
                 right again, or until a restart",
                doubt.off / 3_600_000
            )
        })
    }
}

/// How long the machine has run, sleep included: a clock that nobody sets.
fn running() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A clock and the last reading of it that was taken.
#[derive(Debug)]
struct Steady {
    wall: Millis,
    run: Duration,
    doubt: Option<Doubt>,
}

/// A jump that is not followed.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    /// By how many milliseconds the clock is ahead of its own count.
    off: i64,
    /// Since when.
    since: Duration,
}

impl Steady {
    /// The time of day, given what the clock says and how long the machine has run.
    fn read(&mut self, wall: Millis, run: Duration) -> Millis {
        let counted = self.wall.plus(run.saturating_sub(self.run));
        let off = wall.0.saturating_sub(counted.0);
        if off.unsigned_abs() <= millis(SMALL) {
            if self.doubt.take().is_some() {
                tracing::info!(now = %wall, "the machine's clock is right again");
            }
        } else {
            let stands = self.doubt.filter(|doubt| doubt.off.abs_diff(off) <= millis(SMALL));
            let since = stands.map_or(run, |doubt| doubt.since);
            if stands.is_none() {
                tracing::error!(
                    from = %counted, to = %wall,
                    "the machine's clock was set by more than a day; the server goes on by its own count"
                );
            }
            self.doubt = Some(Doubt { off, since });
            let small = off.unsigned_abs() <= millis(LARGE) && check(wall).is_ok();
            if !small || run.saturating_sub(since) < STANDS {
                return counted;
            }
            tracing::warn!(from = %counted, to = %wall, "the machine's clock is followed, for it stays as it was set");
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
    fn a_jump_is_not_followed_until_the_clock_is_right_again() {
        for jump in [70 * YEAR, -57 * YEAR, i64::MAX - NOW - HOUR, -NOW] {
            let mut clock = Steady { wall: Millis(NOW), run: at(0), doubt: None };
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
    fn small_steps_are_followed_and_larger_ones_once_they_stand() {
        let mut clock = Steady { wall: Millis(NOW), run: at(0), doubt: None };
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
