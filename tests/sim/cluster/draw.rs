//! Draws the plan of a seed for several nodes.

use super::plan::{
    ClusterAction, ClusterPlan, DatabaseFault, DatabaseFaultKind, NODES, NodeAction, NodeClockPlan,
    NodeFault, NodeFaultKind,
};
use crate::plan::draw::{plain_exchange, plain_publish};
use crate::plan::{APPS, EVENTS, HookPlan, Plan, Publish};
use crate::receiver_faults;
use crate::rng::Rng;
use footbridge_model::hook::HookOptions;
use std::time::Duration;

/// When the first publish comes at the earliest: all nodes have joined and the first hooks exist.
pub(super) const WARM_UP: Duration = Duration::from_secs(4);

impl ClusterPlan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::of(seed, &[20]);
        let faults_end = rng.millis(15_000..45_000);
        let end = u64::try_from(faults_end.as_millis()).unwrap();
        let mut base = Plan::quiet(seed, faults_end, Vec::new());
        if rng.percent(60) {
            base.receivers = (0..APPS).map(|_| receiver_faults::of(&mut rng, faults_end)).collect();
        }
        let mut plan = Self::healthy(base);
        plan.actions = actions(&mut Rng::of(seed, &[21]), end);
        let mut rng = Rng::of(seed, &[22]);
        for _ in 0..rng.pick(&[0, 1, 1, 2, 3]) {
            plan.faults.push(node_fault(&mut rng, end));
        }
        let mut rng = Rng::of(seed, &[23]);
        if rng.percent(45) {
            plan.database.push(database_fault(&mut rng, end));
        }
        let mut rng = Rng::of(seed, &[24]);
        if rng.percent(40) {
            plan.lost_requests = rng.within(0..40);
            plan.lost_answers = rng.within(0..40);
        }
        let mut rng = Rng::of(seed, &[25]);
        plan.clocks = std::array::from_fn(|_| NodeClockPlan {
            offset: i64::try_from(rng.within(0..600)).unwrap() - 300,
            drift: i64::try_from(rng.within(0..20_000)).unwrap() - 10_000,
        });
        plan
    }

    /// No faults and no actions.
    pub(crate) fn healthy(mut base: Plan) -> Self {
        base.is_cluster = true;
        Self {
            base,
            actions: Vec::new(),
            clocks: [NodeClockPlan::default(); NODES],
            faults: Vec::new(),
            database: Vec::new(),
            lost_requests: 0,
            lost_answers: 0,
        }
    }
}

fn node(rng: &mut Rng) -> usize {
    usize::try_from(rng.within(0..NODES as u64)).unwrap()
}

fn node_fault(rng: &mut Rng, end: u64) -> NodeFault {
    let kind = rng.pick(&[
        NodeFaultKind::Crash,
        NodeFaultKind::Freeze,
        NodeFaultKind::Freeze,
        NodeFaultKind::Cut,
        NodeFaultKind::Drain,
    ]);
    let at = rng.millis(1_000..end);
    // Shorter and longer than a lease.
    let lasts = match rng.within(0..3) {
        0 => rng.millis(100..6_000),
        1 => rng.millis(6_000..13_000),
        _ => rng.millis(13_000..30_000),
    };
    NodeFault { node: node(rng), at, lasts, kind }
}

fn database_fault(rng: &mut Rng, end: u64) -> DatabaseFault {
    let from = rng.millis(1_000..end);
    let (kind, lasts) = match rng.within(0..4) {
        0 => (DatabaseFaultKind::Slow(rng.within(100..2_500)), rng.millis(2_000..15_000)),
        1 => (DatabaseFaultKind::Failover(rng.percent(50)), rng.millis(200..9_000)),
        _ => (DatabaseFaultKind::Down, rng.millis(100..16_000)),
    };
    DatabaseFault { during: from..from + lasts, kind }
}

fn actions(rng: &mut Rng, end: u64) -> Vec<NodeAction> {
    let mut actions = Vec::new();
    let hooks = rng.within(2..6);
    for number in 0..hooks {
        let at = if number < 2 || rng.percent(60) { WARM_UP / 2 } else { rng.millis(3_000..end) };
        actions.push(NodeAction { at, node: node(rng), action: ClusterAction::Add(hook(rng, number)) });
    }
    for _ in 0..rng.within(10..50) {
        let at = WARM_UP + rng.millis(0..end);
        actions.push(NodeAction { at, node: node(rng), action: ClusterAction::Publish(publish(rng)) });
    }
    if rng.percent(40) {
        for _ in 0..rng.within(2..12) {
            let at = WARM_UP + rng.millis(0..end);
            actions.push(NodeAction {
                at,
                node: node(rng),
                action: ClusterAction::Exchange(plain_exchange(rng, 60)),
            });
        }
    }
    actions.sort_by_key(|action| action.at);
    actions
}

pub(super) fn hook(rng: &mut Rng, number: u64) -> HookPlan {
    HookPlan {
        number,
        app: rng.pick(&[0, 1, 2, 3]),
        publisher: rng.percent(30).then(|| rng.pick(&[0, 1, 2, 3])),
        event: rng.percent(30).then(|| rng.pick(&EVENTS)),
        options: HookOptions {
            in_flight: rng.pick(&[1, 2, 8]),
            ordered: rng.percent(40),
            ..HookOptions::default()
        },
        server: false,
        transient: false,
    }
}

fn publish(rng: &mut Rng) -> Publish {
    let publish = plain_publish(rng);
    Publish { hang_up_after: rng.percent(10).then(|| rng.millis(0..60)), ..publish }
}
