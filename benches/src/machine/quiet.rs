//! Measures while other processes are idle, and reports if they were not.

use super::process::foreign_seconds;
use crate::Outcome;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Share of one core that other processes may use in a turn.
const BUSY: f64 = 0.12;
/// Time for which the machine is observed before a turn.
const LOOK: Duration = Duration::from_millis(500);
/// The pause between two observations.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until other processes are idle, up to a total time for each bench.
#[derive(Debug)]
pub(crate) struct Quiet {
    wait: Duration,
    left: Cell<Duration>,
    worst: Cell<f64>,
}

impl Quiet {
    /// `wait` limits the total time for waiting and repeating turns in one bench.
    pub(crate) const fn new(wait: Duration) -> Self {
        Self { wait, left: Cell::new(wait), worst: Cell::new(0.0) }
    }

    /// Runs a turn. Repeats it if other processes were busy and time is left.
    pub(crate) fn turn<T>(&self, mut measure: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        loop {
            self.settle();
            let started = Instant::now();
            let (result, busy) = share(&mut measure);
            if busy < BUSY || result.is_err() || self.left.get().is_zero() {
                self.worst.set(self.worst.get().max(busy));
                return result;
            }
            self.spent(started);
        }
    }

    fn settle(&self) {
        let started = Instant::now();
        while started.elapsed() < self.left.get() && share(|| std::thread::sleep(LOOK)).1 >= BUSY {
            std::thread::sleep(PAUSE);
        }
        self.spent(started);
    }

    fn spent(&self, started: Instant) {
        self.left.set(self.left.get().saturating_sub(started.elapsed()));
    }

    /// Returns the largest share of a core that other processes used in a counted turn, and resets it for the next bench.
    pub(crate) fn end(&self) -> f64 {
        self.left.set(self.wait);
        self.worst.replace(0.0)
    }

    /// Returns true if the share is too large for trustworthy figures.
    pub(crate) fn is_busy(share: f64) -> bool {
        share >= BUSY
    }
}

/// Returns the result of `work`, and the share of a core that other processes used meanwhile.
fn share<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (before, started) = (foreign_seconds(), Instant::now());
    let result = work();
    // The time of a process that has ended is lost, so the difference could be negative.
    let used = (foreign_seconds() - before).max(0.0);
    (result, used / started.elapsed().as_secs_f64())
}
