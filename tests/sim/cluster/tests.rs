//! The seeds, the scenarios, and the proof that each oracle notices what it is for.

use super::check;
use super::plan::ClusterPlan;
use super::run::{Broken, run};
use crate::seeds::{Seeds, passes};
use footbridge_engine::BrokenRule;
use footbridge_journal::memory::Mutant;

/// The number of seeds without `FOOTBRIDGE_SIM_RUNS`.
const RUNS: u64 = 300;

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

/// Some of these runs must fail an oracle, or the oracle notices nothing.
fn is_noticed(scenario: fn(u64) -> ClusterPlan, broken: Broken) {
    let noticed = (0..12).any(|seed| {
        let passes_with = |broken| passes(|| check_plan(scenario(seed), broken));
        !passes_with(broken) && passes_with(Broken::default())
    });
    assert!(noticed, "no oracle noticed {broken:?}");
}

fn rule(rule: BrokenRule) -> Broken {
    Broken { rule: Some(rule), ..Broken::default() }
}

fn law(law: Mutant) -> Broken {
    Broken { law: Some(law), ..Broken::default() }
}

#[test]
fn a_store_without_a_fence_is_noticed() {
    is_noticed(ClusterPlan::frozen, law(Mutant::FenceUnchecked));
}

#[test]
fn burials_after_an_outage_are_noticed() {
    is_noticed(ClusterPlan::outage, rule(BrokenRule::EndsSessionsAfterAnOutage));
}

#[test]
fn a_lease_counted_from_the_answer_is_noticed() {
    is_noticed(ClusterPlan::slow_then_cut, rule(BrokenRule::CountsTheLeaseFromTheAnswer));
}

#[test]
fn a_lease_that_is_ignored_is_noticed() {
    is_noticed(ClusterPlan::slow_then_cut, rule(BrokenRule::IgnoresTheLease));
}

#[test]
fn results_dropped_while_the_store_is_unavailable_are_noticed() {
    is_noticed(ClusterPlan::blips, Broken { drops_results: true, ..Broken::default() });
}
