//! A repeatable random number generator.

use footbridge_model::time::Entropy;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A random number generator with a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The generator for one purpose: draws for another purpose do not shift it.
    pub(crate) fn of(seed: u64, purpose: &[u64]) -> Self {
        let mut rng = Self(seed);
        for word in purpose {
            rng.0 = rng.next() ^ *word;
        }
        rng
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Draws a number in `range`.
    pub(crate) const fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// Draws a duration in milliseconds.
    pub(crate) const fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// Returns true in this percentage of draws.
    pub(crate) const fn percent(&mut self, cases: u64) -> bool {
        self.within(0..100) < cases
    }

    /// Picks an element.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.within(0..of.len() as u64)).unwrap()]
    }
}

/// The engine's entropy, drawn from the seed.
#[derive(Debug)]
pub(crate) struct SeededEntropy(Mutex<Rng>);

impl SeededEntropy {
    pub(crate) const fn new(rng: Rng) -> Self {
        Self(Mutex::new(rng))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.chunks_mut(8) {
            let drawn = rng.next().to_le_bytes();
            piece.copy_from_slice(&drawn[..piece.len()]);
        }
    }
}
