//! A seeded simulation of the engine: the disk is slow, full, and loses uncommitted writes; receivers fail in every
//! way; the clock jumps; the server crashes at any moment. [`cluster`] simulates several servers over one database. The
//! seed determines everything.
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
mod broken;
mod check;
mod cluster;
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
mod seeds;
mod time;

use footbridge_engine::PublishError;
use history::PageEntry;
use plan::Plan;
use seeds::Seeds;

/// The number of seeds without `FOOTBRIDGE_SIM_RUNS`. With those of [`cluster`] they are a thousand.
const RUNS: u64 = 650;

#[test]
fn the_oracles_hold_for_every_seed() {
    Seeds::of(RUNS).each(|seed| check::all(&run::run(seed)));
}

#[test]
fn a_seed_replays_the_same_run() {
    for seed in 0..20 {
        let [first, second] =
            [run::run(seed), run::run(seed)].map(|outcome| format!("{:?}", outcome.history.records()));
        let place = first.bytes().zip(second.bytes()).position(|(one, other)| one != other).unwrap_or(0);
        let around = |text: &str| text.chars().skip(place.saturating_sub(300)).take(600).collect::<String>();
        assert!(first == second, "seed {seed} ran in two ways: {}\n\n{}", around(&first), around(&second));
    }
}

/// The engine reads again with growing pauses, counts no attempt meanwhile, and recovers without help.
#[test]
fn unreadable_events_are_reported_as_stalled() {
    let outcome = run::run_plan(Plan::unreadable());
    check::all(&outcome);
    let records = outcome.history.records();
    assert_eq!(records.stalled, [false, true, false]);
    assert_eq!(records.arrivals.iter().map(|arrival| arrival.attempt).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_crash_repeats_at_most_the_in_flight_deliveries() {
    for seed in 0..40 {
        check::all(&run::run_plan(Plan::killed(seed)));
    }
}

#[test]
fn a_circle_of_reactions_ends_at_the_depth_limit() {
    let outcome = run::run_plan(Plan::circle());
    check::all(&outcome);
    let records = outcome.history.records();
    let accepted = records.publishes.iter().filter(|call| matches!(call.answer, Some(Ok(_)))).count();
    let stopped = |answer: &_| matches!(answer, Some(Err(PublishError::LoopDetected(_))));
    let refused = records.publishes.iter().filter(|call| stopped(&call.answer)).count();
    assert_eq!((accepted, refused), (16, 1));
}

#[test]
fn a_page_that_is_away_for_too_long_sees_a_gap() {
    let outcome = run::run_plan(Plan::forgotten());
    check::all(&outcome);
    let records = outcome.history.records();
    assert!(!records.pruned.events.is_empty());
    let gaps = records.pages[&0].entries.iter().filter(|(_, entry)| *entry == PageEntry::Gap).count();
    assert_eq!(gaps, 1);
}
