//! The proof that each oracle notices the fault that it is for.

use super::{ORACLES, failed};
use crate::broken::Broken;
use crate::plan::Plan;
use crate::run::run_plan;
use footbridge_journal::memory::Mutant;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many seeds may pass before an oracle must have noticed.
const SEEDS: u64 = 12;

/// A broken behaviour, and the oracle that notices it in one of the first seeds of a plan.
struct Case {
    oracle: &'static str,
    broken: Broken,
    plan: fn(u64) -> Plan,
}

const fn case(oracle: &'static str, broken: Broken, plan: fn(u64) -> Plan) -> Case {
    Case { oracle, broken, plan }
}

const fn law(oracle: &'static str, mutant: Mutant, plan: fn(u64) -> Plan) -> Case {
    case(oracle, Broken::Store(mutant), plan)
}

const CASES: [Case; 24] = [
    law("accounts", Mutant::ForgetsCancelled, Plan::of),
    law("arrivals", Mutant::DropsADelivery, Plan::of),
    law("publishes", Mutant::LosesTheLatestEvent, Plan::killed),
    law("publishes", Mutant::ForgetsKeys, Plan::of),
    law("publishes", Mutant::DeliversSkipped, Plan::of),
    law("lineage", Mutant::ForgetsLineage, |_| Plan::circle()),
    law("ends", Mutant::LosesResults, Plan::of),
    law("ends", Mutant::DueLagsBehind, Plan::of),
    case("ends", Broken::RequestsTwice, Plan::of),
    law("attempts", Mutant::ForgetsWaits, Plan::of),
    case("attempts", Broken::HastyClock, Plan::of),
    law("order", Mutant::DueInReverse, Plan::flooded),
    law("crashes", Mutant::HoldsResultsBack, Plan::killed),
    law("exchanges", Mutant::ForgetsKeys, Plan::of),
    law("exchanges", Mutant::ChangesAnswers, Plan::of),
    case("exchanges", Broken::RequestsTwice, Plan::of),
    case("pages", Broken::LiveDrops, Plan::of),
    case("pages", Broken::LiveRepeats, Plan::of),
    law("pages", Mutant::SkipsMissedEvents, Plan::of),
    law("pages", Mutant::HidesGaps, |_| Plan::forgotten()),
    law("retention", Mutant::PrunesPending, |_| Plan::forgotten_while_down()),
    law("retention", Mutant::PrunesNothing, |_| Plan::forgotten()),
    case("apps", Broken::StartsUnreported, Plan::of),
    case("apps", Broken::SecretsMixedUp, Plan::of),
];

impl Case {
    /// True if the oracle fails a run with the broken behaviour, and every oracle passes the same run without it. A run
    /// that ends by a panic says nothing about the oracle.
    fn is_noticed(&self) -> bool {
        let is_noticed = |seed| {
            let broken = Plan { broken: self.broken, ..(self.plan)(seed) };
            let outcome = catch_unwind(AssertUnwindSafe(|| run_plan(broken)));
            outcome.is_ok_and(|outcome| failed(&outcome).contains(self.oracle))
        };
        let Some(seed) = (0..SEEDS).find(|seed| is_noticed(*seed)) else { return false };
        let without = failed(&run_plan((self.plan)(seed)));
        assert!(without.is_empty(), "{without:?} fail with seed {seed}, and nothing is broken");
        true
    }
}

#[test]
fn each_oracle_notices_its_faults() {
    let missed: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = CASES.iter().map(|case| (case, scope.spawn(|| case.is_noticed()))).collect();
        let missed = running.into_iter().filter_map(|(case, noticed)| {
            let noticed = noticed.join().unwrap_or_default();
            (!noticed).then_some((case.oracle, case.broken))
        });
        missed.collect()
    });
    assert!(missed.is_empty(), "no oracle notices {missed:?}");
}

#[test]
fn no_oracle_is_without_a_fault() {
    let untried = ORACLES.iter().filter(|(name, _)| CASES.iter().all(|case| case.oracle != *name));
    let untried: Vec<_> = untried.map(|(name, _)| *name).collect();
    assert!(untried.is_empty(), "nothing proves that {untried:?} notice anything");
}
