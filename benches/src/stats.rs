//! Medians, spreads and percentiles.

use serde::Serialize;

/// A median with the smallest and the largest value.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Returns `None` if there are no values.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), min: *sorted.first()?, max: *sorted.last()? })
    }
}

/// A list of durations in microseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<u32>);

impl Times {
    pub(crate) fn push(&mut self, micros: u32) {
        self.0.push(micros);
    }

    /// Returns these percentiles in microseconds; zeros if there are no times.
    pub(crate) fn percentiles<const N: usize>(mut self, percents: [usize; N]) -> [f64; N] {
        self.0.sort_unstable();
        percents.map(|percent| {
            let last = self.0.len().saturating_sub(1);
            f64::from(self.0.get(last * percent / 100).copied().unwrap_or_default())
        })
    }
}

/// Converts a count to a figure.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench stay far below 2^52")]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_the_middle() {
        let odd = Spread::of(&[3.0, 1.0, 2.0]).unwrap();
        assert!(
            (odd.median - 2.0).abs() < 1e-9 && (odd.min - 1.0).abs() < 1e-9 && (odd.max - 3.0).abs() < 1e-9
        );
        assert!((Spread::of(&[4.0, 1.0]).unwrap().median - 2.5).abs() < 1e-9);
        assert!(Spread::of(&[]).is_none());
    }

    #[test]
    fn percentiles_count_from_the_smallest() {
        let mut times = Times::default();
        (1..=101).rev().for_each(|micros| times.push(micros));
        assert_eq!(format!("{:.0?}", times.percentiles([0, 50, 99, 100])), "[1, 51, 100, 101]");
    }
}
