//! Running many seeds at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The seeds that a test runs.
pub(crate) struct Seeds {
    first: u64,
    count: u64,
}

fn number(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().expect("a number"))
}

/// Runs something; returns false if it panics.
pub(crate) fn passes(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_ok()
}

impl Seeds {
    /// The seed of `FOOTBRIDGE_SIM_SEED`, or as many as `FOOTBRIDGE_SIM_RUNS` says, or `count`.
    pub(crate) fn of(count: u64) -> Self {
        match number("FOOTBRIDGE_SIM_SEED") {
            Some(seed) => Self { first: seed, count: 1 },
            None => Self { first: 0, count: number("FOOTBRIDGE_SIM_RUNS").unwrap_or(count) },
        }
    }

    /// Runs each seed, on all processors. Panics with the seeds that failed, and says how to replay one.
    pub(crate) fn each(self, run: impl Fn(u64) + Sync) {
        let (next, end, failed) =
            (AtomicU64::new(self.first), self.first + self.count, Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end {
                            return;
                        }
                        if !passes(|| run(seed)) {
                            eprintln!("seed {seed} failed; again: FOOTBRIDGE_SIM_SEED={seed} cargo test -p footbridge-sim");
                            failed.lock().unwrap().push(seed);
                        }
                    }
                });
            }
        });
        let failed = failed.into_inner().unwrap();
        assert!(failed.is_empty(), "{} of {} seeds failed: {failed:?}", failed.len(), self.count);
    }
}
