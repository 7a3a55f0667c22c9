//! Measuring while others leave the machine alone, and saying so when they did not.

use super::process::foreign_seconds;
use crate::Outcome;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// More than this share of one core used by others spoils a turn.
const BUSY: f64 = 0.12;
/// How long the machine is looked at before a turn.
const LOOK: Duration = Duration::from_millis(500);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits for quiet, within bounds.
#[derive(Debug)]
pub(crate) struct Quiet {
    wait: Duration,
    worst: Cell<f64>,
}

impl Quiet {
    /// Every turn may wait and be repeated for `wait` in all.
    pub(crate) const fn new(wait: Duration) -> Self {
        Self { wait, worst: Cell::new(0.0) }
    }

    /// Takes a turn, again when others were busy meanwhile and there is time for it.
    pub(crate) fn turn<T>(&self, mut measure: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        let begun = Instant::now();
        loop {
            while !self.wait.is_zero()
                && share(|| std::thread::sleep(LOOK)).1 >= BUSY
                && begun.elapsed() < self.wait
            {
                std::thread::sleep(PAUSE);
            }
            let (result, busy) = share(&mut measure);
            if busy < BUSY || result.is_err() || begun.elapsed() >= self.wait {
                self.worst.set(self.worst.get().max(busy));
                return result;
            }
        }
    }

    /// The largest share of a core that others used in a turn since this was last asked.
    pub(crate) fn worst(&self) -> f64 {
        self.worst.replace(0.0)
    }

    /// Whether that share is too large for figures to be trusted.
    pub(crate) fn is_busy(share: f64) -> bool {
        share >= BUSY
    }
}

/// What `work` gives, and the share of a core that others used meanwhile.
fn share<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (before, begun) = (foreign_seconds(), Instant::now());
    let result = work();
    // A process that has ended takes its time along, which must not make the sum fall below zero.
    let used = (foreign_seconds() - before).max(0.0);
    (result, used / begun.elapsed().as_secs_f64())
}
