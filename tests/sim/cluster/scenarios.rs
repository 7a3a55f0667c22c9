//! Plans for one situation each.

use super::draw::{self, WARM_UP};
use super::plan::{
    ClusterAction, ClusterPlan, DatabaseFault, DatabaseFaultKind, NODES, NodeAction, NodeFault, NodeFaultKind,
};
use crate::plan::{EVENTS, Plan, Publish};
use crate::rng::Rng;
use std::time::Duration;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl ClusterPlan {
    /// A publish at each node every `every`, for three hooks, until `end`.
    pub(super) fn busy(seed: u64, every: Duration, end: Duration) -> Self {
        let mut plan = Self::healthy(Plan::quiet(seed, end, Vec::new()));
        let mut rng = Rng::of(seed, &[40]);
        for number in 0..3 {
            let mut hook = draw::hook(&mut rng, number);
            (hook.app, hook.publisher, hook.event) = (usize::try_from(number).unwrap(), None, None);
            plan.actions.push(NodeAction { at: WARM_UP / 2, node: 0, action: ClusterAction::Add(hook) });
        }
        let (mut at, mut mark) = (WARM_UP, 1);
        while at < end {
            for node in 0..NODES {
                let publish = Publish {
                    publisher: 3,
                    event: EVENTS[0],
                    mark,
                    key: None,
                    only: None,
                    cause: None,
                    hang_up_after: None,
                };
                plan.actions.push(NodeAction { at, node, action: ClusterAction::Publish(publish) });
                mark += 1;
            }
            at += every;
        }
        plan
    }

    pub(super) fn with(mut self, node: usize, kind: NodeFaultKind, at: Duration, lasts: Duration) -> Self {
        self.faults.push(NodeFault { node, at, lasts, kind });
        self
    }

    pub(super) fn with_database(mut self, kind: DatabaseFaultKind, at: Duration, lasts: Duration) -> Self {
        self.database.push(DatabaseFault { during: at..at + lasts, kind });
        self
    }

    /// One of three nodes is killed.
    pub(super) fn killed(seed: u64) -> Self {
        let node = usize::try_from(seed).unwrap() % NODES;
        Self::busy(seed, Duration::from_millis(250), seconds(20)).with(
            node,
            NodeFaultKind::Crash,
            seconds(10) + Duration::from_millis(seed * 37 % 1000),
            seconds(30),
        )
    }

    /// A node is stopped for longer than its lease in the midst of deliveries, and goes on.
    pub(super) fn frozen(seed: u64) -> Self {
        let node = usize::try_from(seed).unwrap() % NODES;
        let at = seconds(8) + Duration::from_millis(seed * 37 % 1000);
        Self::busy(seed, Duration::from_millis(100), seconds(30)).with(
            node,
            NodeFaultKind::Freeze,
            at,
            seconds(20),
        )
    }

    /// The database is away for longer than a lease: all nodes are silent, and none is dead.
    pub(super) fn outage(seed: u64) -> Self {
        Self::busy(seed, Duration::from_millis(250), seconds(12)).with_database(
            DatabaseFaultKind::Down,
            seconds(8),
            seconds(14) + Duration::from_millis(seed * 37 % 1000),
        )
    }

    /// Beats are answered slowly, and then not at all, while everything else goes on.
    pub(super) fn slow_then_cut(seed: u64) -> Self {
        let at = seconds(14) + Duration::from_millis(seed * 370 % 4000);
        let slow_from = seconds(7) + Duration::from_millis(seed * 370 % 4000);
        let plan = Self::busy(seed, Duration::from_millis(150), at + seconds(9));
        let plan =
            plan.with_database(DatabaseFaultKind::SlowBeats(2_900), slow_from, at.saturating_sub(slow_from));
        let cut = |plan: Self, node| plan.with(node, NodeFaultKind::CutBeats, at, seconds(12));
        (0..NODES).fold(plan, cut)
    }

    /// A node is cut off from the database for longer than its lease.
    pub(super) fn cut_off(seed: u64) -> Self {
        Self::busy(seed, Duration::from_millis(100), seconds(30)).with(
            usize::try_from(seed).unwrap() % NODES,
            NodeFaultKind::Cut,
            seconds(8),
            seconds(20),
        )
    }

    /// Each node is cut off several times, for less than its lease.
    pub(super) fn blips(seed: u64) -> Self {
        let mut plan = Self::busy(seed, Duration::from_millis(200), seconds(22));
        for blip in 0..6 {
            let at = seconds(7 + 2 * blip) + Duration::from_millis(seed * 37 % 1000);
            let node = usize::try_from(blip).unwrap() % NODES;
            plan = plan.with(node, NodeFaultKind::Cut, at, Duration::from_millis(1_500));
        }
        plan
    }

    /// A node is asked to end.
    pub(super) fn drained(seed: u64) -> Self {
        Self::busy(seed, Duration::from_millis(250), seconds(20)).with(
            usize::try_from(seed).unwrap() % NODES,
            NodeFaultKind::Drain,
            seconds(10),
            seconds(6),
        )
    }

    /// Many calls and answers are lost, while the database is never away for long.
    pub(super) fn lossy(seed: u64) -> Self {
        let mut plan = Self::busy(seed, Duration::from_millis(250), seconds(20));
        (plan.lost_requests, plan.lost_answers) = (15, 15);
        plan
    }
}
