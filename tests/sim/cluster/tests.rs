//! The seeds and the scenarios.

use super::check;
use super::plan::{Broken, ClusterPlan};
use super::run::run;
use crate::seeds::Seeds;

/// The number of seeds without `FOOTBRIDGE_SIM_RUNS`.
const RUNS: u64 = 350;

fn check_plan(plan: ClusterPlan, broken: Broken) {
    check::all(&run(plan, broken));
}

#[test]
fn the_oracles_hold_with_three_nodes() {
    Seeds::of(RUNS).each(|seed| check_plan(ClusterPlan::of(seed), Broken::default()));
}

/// A dispatcher that drains while something is due waits for its attempts instead of asking for the time without end.
#[test]
fn a_draining_node_lets_time_pass() {
    check_plan(ClusterPlan::of(53), Broken::default());
}

/// Runs one scenario with several seeds.
fn holds(scenario: fn(u64) -> ClusterPlan) {
    (0..6).for_each(|seed| check_plan(scenario(seed), Broken::default()));
}

#[test]
fn the_partitions_of_a_killed_node_are_taken_over() {
    holds(ClusterPlan::killed);
}

#[test]
fn a_frozen_node_writes_nothing_after_its_burial() {
    holds(ClusterPlan::frozen);
}

#[test]
fn nobody_is_buried_after_an_outage_of_the_database() {
    holds(ClusterPlan::outage);
}

#[test]
fn a_node_without_confirmed_beats_sends_nothing() {
    holds(ClusterPlan::slow_then_cut);
    holds(ClusterPlan::cut_off);
}

#[test]
fn short_interruptions_change_nothing() {
    holds(ClusterPlan::blips);
}

#[test]
fn a_drained_node_hands_its_partitions_over() {
    holds(ClusterPlan::drained);
}

#[test]
fn every_node_knows_a_change_within_a_second() {
    holds(ClusterPlan::made);
    holds(ClusterPlan::removed);
}

#[test]
fn one_node_deletes_what_is_old() {
    (0..2).for_each(|seed| check_plan(ClusterPlan::retained(seed), Broken::default()));
}

#[test]
fn lost_calls_and_answers_change_nothing() {
    holds(ClusterPlan::lossy);
}

#[test]
fn a_seed_of_several_nodes_replays_the_same_run() {
    for seed in 0..4 {
        let [first, second] = [(); 2]
            .map(|()| format!("{:?}", run(ClusterPlan::of(seed), Broken::default()).history.records()));
        assert!(first == second, "seed {seed} ran in two ways");
    }
}
