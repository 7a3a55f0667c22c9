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

/// Waits for quiet, as long as a bench may wait in all.
#[derive(Debug)]
pub(crate) struct Quiet {
    wait: Duration,
    left: Cell<Duration>,
    worst: Cell<f64>,
}

impl Quiet {
    /// The turns of one bench may wait and be repeated for `wait` in all.
    pub(crate) const fn new(wait: Duration) -> Self {
        Self { wait, left: Cell::new(wait), worst: Cell::new(0.0) }
    }

    /// Takes a turn, again when others were busy meanwhile and there is time for it.
    pub(crate) fn turn<T>(&self, mut measure: impl FnMut() -> Outcome<T>) -> Outcome<T> {
        loop {
            self.settle();
            let begun = Instant::now();
            let (result, busy) = share(&mut measure);
            if busy < BUSY || result.is_err() || self.left.get().is_zero() {
                self.worst.set(self.worst.get().max(busy));
                return result;
            }
            self.spent(begun);
        }
    }

    fn settle(&self) {
        let begun = Instant::now();
        while begun.elapsed() < self.left.get() && share(|| std::thread::sleep(LOOK)).1 >= BUSY {
            std::thread::sleep(PAUSE);
        }
        self.spent(begun);
    }

    fn spent(&self, begun: Instant) {
        self.left.set(self.left.get().saturating_sub(begun.elapsed()));
    }

    /// The largest share of a core that others used in a turn that counts; the next bench may wait anew.
    pub(crate) fn end(&self) -> f64 {
        self.left.set(self.wait);
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
