//! A seeded simulation of the engine: the disk is slow, full, and loses uncommitted writes; receivers fail in every
//! way; the clock jumps; the server crashes at any moment. The seed determines everything.
//!
//! `FOOTBRIDGE_SIM_SEED=n` replays one seed, `FOOTBRIDGE_SIM_RUNS=n` sets the number of seeds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod actions;
mod check;
mod disk;
mod exchanges;
mod history;
mod launcher;
mod network;
mod pages;
mod plan;
mod receiver_faults;
mod rng;
mod run;
mod time;

use plan::Plan;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of seeds without `FOOTBRIDGE_SIM_RUNS`.
const RUNS: u64 = 200;

fn number(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().expect("a number"))
}

/// Runs a seed and checks it. On failure prints how to replay it and returns false.
fn holds(seed: u64) -> bool {
    let holds = catch_unwind(|| check::all(&run::run(seed))).is_ok();
    if !holds {
        let Plan { crashes, full, clock_jumps, faults_end, .. } = Plan::of(seed);
        eprintln!(
            "seed {seed} failed with {crashes:?}, full {full:?}, {clock_jumps:?}, faults end at {faults_end:?}"
        );
        eprintln!("again: FOOTBRIDGE_SIM_SEED={seed} cargo test -p footbridge-sim");
    }
    holds
}

#[test]
fn the_oracles_hold_for_every_seed() {
    if let Some(seed) = number("FOOTBRIDGE_SIM_SEED") {
        assert!(holds(seed));
        return;
    }
    let runs = number("FOOTBRIDGE_SIM_RUNS").unwrap_or(RUNS);
    let (next, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= runs {
                        return;
                    }
                    if !holds(seed) {
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {runs} seeds failed: {failed:?}", failed.len());
}

#[test]
fn a_seed_replays_the_same_run() {
    for seed in 0..20 {
        let [first, second] =
            [run::run(seed), run::run(seed)].map(|outcome| format!("{:?}", outcome.history.records()));
        assert!(first == second, "seed {seed} ran in two ways");
    }
}

/// The engine reads again with growing pauses, counts no attempt meanwhile, and recovers without help.
#[test]
fn unreadable_events_are_reported_as_stalled() {
    let outcome = run::run_plan(Plan::unreadable());
    check::all(&outcome);
    assert_eq!(outcome.history.records().stalled, [false, true, false]);
    assert_eq!(
        outcome.history.records().arrivals.iter().map(|arrival| arrival.attempt).collect::<Vec<_>>(),
        [2]
    );
}

#[test]
fn a_crash_repeats_at_most_the_in_flight_deliveries() {
    for seed in 0..40 {
        check::all(&run::run_plan(Plan::killed(seed)));
    }
}
