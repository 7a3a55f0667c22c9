//! Stores, connections and nodes that break one rule. An oracle must notice each, and say so in its own words.

use super::check;
use super::draw::{self, WARM_UP};
use super::plan::{Broken, ClusterAction, ClusterPlan, DatabaseFaultKind, NODES, NodeAction, NodeFaultKind};
use super::run::run;
use crate::plan::Retention;
use crate::plan::draw::plain_exchange;
use crate::receiver_faults;
use crate::rng::Rng;
use footbridge_engine::BrokenRule;
use footbridge_journal::memory::Mutant;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// How many seeds may pass before the oracle must have noticed.
const SEEDS: u64 = 12;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl ClusterPlan {
    /// The clocks of the nodes differ by up to 0.6 s.
    fn out_of_step(seed: u64) -> Self {
        let mut plan = Self::busy(seed, Duration::from_millis(50), seconds(12));
        for (clock, offset) in plan.clocks.iter_mut().zip([-300, 0, 300]) {
            clock.offset = offset;
        }
        plan
    }

    /// Hooks are made at all nodes at once, while all nodes publish.
    pub(super) fn made(seed: u64) -> Self {
        let mut plan = Self::busy(seed, Duration::from_millis(100), seconds(12));
        let mut rng = Rng::of(seed, &[41]);
        for number in 3..12 {
            let mut hook = draw::hook(&mut rng, number);
            (hook.publisher, hook.event) = (None, None);
            let at = WARM_UP + seconds((number - 3) / 3 * 2);
            let node = usize::try_from(number).unwrap() % NODES;
            plan.actions.push(NodeAction { at, node, action: ClusterAction::Add(hook) });
        }
        plan.actions.sort_by_key(|action| action.at);
        plan
    }

    /// A hook is removed while deliveries of it are pending, because its receiver is down.
    pub(super) fn removed(seed: u64) -> Self {
        let mut plan = Self::busy(seed, Duration::from_millis(250), seconds(12));
        plan.base.receivers[0] = receiver_faults::down(Duration::ZERO..seconds(12));
        let node = usize::try_from(seed).unwrap() % NODES;
        plan.actions.push(NodeAction { at: seconds(9), node, action: ClusterAction::Remove(0) });
        plan.actions.sort_by_key(|action| action.at);
        plan
    }

    /// Answers of the database are lost while attempts fail.
    fn lossy_while_down(seed: u64) -> Self {
        let mut plan = Self::busy(seed, Duration::from_millis(250), seconds(12));
        plan.lost_answers = 100;
        plan.base.receivers = vec![receiver_faults::down(Duration::ZERO..seconds(10)); 3];
        plan
    }

    /// Exchanges with few keys at all nodes.
    fn of_exchanges(seed: u64) -> Self {
        let mut plan = Self::busy(seed, seconds(1), seconds(10));
        let mut rng = Rng::of(seed, &[42]);
        for _ in 0..30 {
            let (at, node) = (WARM_UP + rng.millis(0..6_000), usize::try_from(rng.within(0..3)).unwrap());
            let exchange = plain_exchange(&mut rng, 80);
            plan.actions.push(NodeAction { at, node, action: ClusterAction::Exchange(exchange) });
        }
        plan.actions.sort_by_key(|action| action.at);
        plan
    }

    /// Ended events are kept for ten seconds. One receiver is down, and a node is killed.
    pub(super) fn retained(seed: u64) -> Self {
        let mut plan = Self::busy(seed, seconds(1), seconds(62));
        plan.base.receivers[0] = receiver_faults::down(Duration::ZERO..seconds(90));
        plan.base.retention = Some(Retention { ended: seconds(10), dead: seconds(20) });
        plan.with(usize::try_from(seed).unwrap() % NODES, NodeFaultKind::Crash, seconds(20), seconds(30))
    }

    /// Beats are slow, and one node is silent for about as long as its session lives.
    fn late_beats(seed: u64) -> Self {
        let node = usize::try_from(seed).unwrap() % NODES;
        Self::busy(seed, Duration::from_millis(250), seconds(20))
            .with_database(DatabaseFaultKind::SlowBeats(900), seconds(6), seconds(20))
            .with(node, NodeFaultKind::CutBeats, seconds(8), Duration::from_millis(9_000 + seed * 170))
    }
}

/// The words with which the first oracle fails; `None` if all hold.
fn complaint(plan: ClusterPlan, broken: Broken) -> Option<String> {
    let failed = catch_unwind(AssertUnwindSafe(|| check::all(&run(plan, broken)))).err()?;
    let text = failed.downcast_ref::<String>().cloned();
    Some(text.or_else(|| failed.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

/// Some of these runs must fail with these words, and pass when nothing is broken.
fn is_noticed(words: &str, scenario: fn(u64) -> ClusterPlan, broken: Broken) {
    let mut others = Vec::new();
    let noticed = (0..SEEDS).find(|seed| match complaint(scenario(*seed), broken) {
        Some(complaint) if complaint.contains(words) => true,
        complaint => {
            others.extend(complaint.map(|text| text.chars().take(300).collect::<String>()));
            false
        }
    });
    let seed = noticed.unwrap_or_else(|| panic!("nobody said {words:?} of {broken:?}, but {others:#?}"));
    assert_eq!(complaint(scenario(seed), Broken::default()), None, "seed {seed}, and nothing is broken");
}

fn law_is_noticed(words: &str, scenario: fn(u64) -> ClusterPlan, mutant: Mutant) {
    is_noticed(words, scenario, Broken { law: Some(mutant), ..Broken::default() });
}

fn rule_is_noticed(words: &str, scenario: fn(u64) -> ClusterPlan, rule: BrokenRule) {
    is_noticed(words, scenario, Broken { rule: Some(rule), ..Broken::default() });
}

#[test]
fn a_horizon_that_ignores_the_silent_is_noticed() {
    law_is_noticed("below the horizon", ClusterPlan::out_of_step, Mutant::HorizonIgnoresTheSilent);
}

#[test]
fn a_horizon_that_goes_back_is_noticed() {
    law_is_noticed("the horizon went back", ClusterPlan::killed, Mutant::HorizonGoesBack);
}

#[test]
fn a_burial_that_frees_nothing_is_noticed() {
    law_is_noticed("still owns", ClusterPlan::killed, Mutant::BurialKeepsPartitions);
}

#[test]
fn a_burial_of_the_living_is_noticed() {
    law_is_noticed("of silence", ClusterPlan::late_beats, Mutant::BuriesTheLiving);
}

#[test]
fn a_partition_with_two_owners_is_noticed() {
    law_is_noticed("has the partition", ClusterPlan::drained, Mutant::TwoOwners);
    law_is_noticed("under an old claim", ClusterPlan::drained, Mutant::TwoOwners);
}

#[test]
fn cancelled_deliveries_that_are_not_counted_are_noticed() {
    law_is_noticed("the account differs", ClusterPlan::removed, Mutant::ForgetsCancelled);
}

#[test]
fn events_for_hooks_of_the_past_are_noticed() {
    law_is_noticed("went elsewhere", ClusterPlan::made, Mutant::StaleAccepted);
}

#[test]
fn a_change_that_a_node_never_hears_of_is_noticed() {
    law_is_noticed("does not know that hook", ClusterPlan::made, Mutant::VersionHole);
}

#[test]
fn changes_that_overlook_each_other_are_noticed() {
    law_is_noticed("does not know that hook", ClusterPlan::made, Mutant::LastWriterWins);
}

#[test]
fn keys_that_are_forgotten_are_noticed() {
    law_is_noticed("one key, two events", ClusterPlan::of, Mutant::ForgetsKeys);
    law_is_noticed("were sent under key", ClusterPlan::of_exchanges, Mutant::ForgetsKeys);
}

#[test]
fn answers_that_are_changed_are_noticed() {
    law_is_noticed("the record differs", ClusterPlan::of_exchanges, Mutant::ChangesAnswers);
}

#[test]
fn an_order_that_is_reversed_is_noticed() {
    law_is_noticed("came before", ClusterPlan::killed, Mutant::DueInReverse);
}

#[test]
fn results_that_are_lost_are_noticed() {
    law_is_noticed("sent twice", ClusterPlan::killed, Mutant::LosesResults);
    law_is_noticed("sent twice", ClusterPlan::killed, Mutant::DueLagsBehind);
}

#[test]
fn results_that_are_stored_twice_are_noticed() {
    law_is_noticed("attempts are missing", ClusterPlan::lossy_while_down, Mutant::RecordsTwice);
}

#[test]
fn events_without_all_deliveries_are_noticed() {
    law_is_noticed("sent but not stored", ClusterPlan::killed, Mutant::DropsADelivery);
}

#[test]
fn a_dead_node_that_nobody_buries_is_noticed() {
    is_noticed("died at", ClusterPlan::killed, Broken { never_buries: true, ..Broken::default() });
}

#[test]
fn a_store_without_a_fence_is_noticed() {
    law_is_noticed("but the session was over", ClusterPlan::frozen, Mutant::FenceUnchecked);
}

#[test]
fn burials_after_an_outage_are_noticed() {
    rule_is_noticed("of silence", ClusterPlan::outage, BrokenRule::EndsSessionsAfterAnOutage);
}

#[test]
fn a_lease_that_is_too_long_is_noticed() {
    let words = "after its last confirmed beat";
    rule_is_noticed(words, ClusterPlan::slow_then_cut, BrokenRule::CountsTheLeaseFromTheAnswer);
    rule_is_noticed(words, ClusterPlan::slow_then_cut, BrokenRule::IgnoresTheLease);
}

#[test]
fn results_dropped_while_the_store_is_unavailable_are_noticed() {
    is_noticed("sent twice", ClusterPlan::blips, Broken { drops_results: true, ..Broken::default() });
}

#[test]
fn a_retention_that_deletes_too_much_or_nothing_is_noticed() {
    law_is_noticed("deleted while pending", ClusterPlan::retained, Mutant::PrunesPending);
    law_is_noticed("and still stored", ClusterPlan::retained, Mutant::PrunesNothing);
}
