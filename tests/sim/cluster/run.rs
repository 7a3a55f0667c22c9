//! A run with several nodes: their processes take turns on one thread, in steps of a few milliseconds.

use super::node::Process;
use super::observer::Observer;
use super::plan::{Broken, ClusterPlan, DatabaseFaultKind, NODES, NodeFault, NodeFaultKind};
use super::visibility::Visibility;
use crate::history::History;
use crate::network::Counts;
use crate::plan::Plan;
use crate::time::TrueTime;
use footbridge_engine::SessionEnd;
use footbridge_journal::memory::{MemoryCluster, MemoryJournal, Snapshot};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How far each process runs before it is the next one's turn.
const STEP: Duration = Duration::from_millis(10);
/// How long a process takes to start again after it has lost its session.
const RESTART: Duration = Duration::from_millis(700);
/// How long after the last fault all deliveries must have ended.
const SETTLE: Duration = Duration::from_mins(4);

/// How much longer a run with retention goes on, so that old events are deleted.
const RETENTION_TIME: Duration = Duration::from_secs(150);

/// What all processes share.
pub(super) struct World {
    pub(super) plan: Arc<ClusterPlan>,
    pub(super) base: Arc<Plan>,
    pub(super) database: MemoryCluster,
    pub(super) observer: Observer,
    pub(super) history: History,
    pub(super) counts: Counts,
    pub(super) now: TrueTime,
    pub(super) broken: Broken,
}

/// The result of a run.
pub(super) struct ClusterOutcome {
    pub(super) plan: Arc<ClusterPlan>,
    pub(super) base: Arc<Plan>,
    pub(super) history: History,
    pub(super) observer: Observer,
    pub(super) store: MemoryJournal,
    pub(super) lasted: Duration,
}

/// A node: its process, or when the next one starts.
enum Node {
    Up(Box<Process>),
    Frozen(Box<Process>),
    Down(Duration),
}

/// Runs a plan to the end.
pub(super) fn run(plan: ClusterPlan, broken: Broken) -> ClusterOutcome {
    let (history, now) = (History::default(), TrueTime::default());
    let database = MemoryCluster::new();
    let observer = Observer::new(&history, &now, &database);
    if let Some(law) = broken.law {
        database.break_law(law);
    }
    let watching = observer.clone();
    database.observe(move |commit| watching.take(commit));
    let world = Rc::new(World {
        base: Arc::new(plan.base.clone()),
        plan: Arc::new(plan),
        database,
        observer,
        history,
        counts: Counts::default(),
        now,
        broken,
    });
    let mut run =
        Run { nodes: (0..NODES).map(|_| Node::Down(Duration::ZERO)).collect(), world, processes: 0 };
    run.go();
    run.finish()
}

struct Run {
    nodes: Vec<Node>,
    world: Rc<World>,
    processes: u64,
}

impl Run {
    fn go(&mut self) {
        let world = Rc::clone(&self.world);
        let mut actions = world.plan.actions.iter().peekable();
        let mut snapshot = None;
        let mut visibility = Visibility::default();
        let mut now = Duration::ZERO;
        while !self.is_over(now) {
            world.now.set(now);
            self.fail_over(now, &mut snapshot);
            while let Some(action) = actions.next_if(|action| action.at <= now) {
                self.call(action.node, action.action.clone());
            }
            for node in 0..NODES {
                self.step(node, now);
            }
            if Visibility::is_due(now) {
                visibility.check(now, &world.plan, self.known_hooks(), &world.history);
            }
            now += STEP;
        }
    }

    /// The hooks that each node knows; `None` for a node that is not up.
    fn known_hooks(&self) -> [Option<BTreeSet<u64>>; NODES] {
        std::array::from_fn(|node| match &self.nodes[node] {
            Node::Up(process) if process.is_ready() => Some(process.known_hooks()),
            _ => None,
        })
    }

    fn is_over(&self, now: Duration) -> bool {
        let plan = &self.world.plan;
        let last = plan.actions.last().map_or(Duration::ZERO, |action| action.at);
        let faults = plan.faults.iter().map(|fault| fault.during().end);
        let database = plan.database.iter().map(|fault| fault.during.end);
        let quiet = faults.chain(database).chain([last, plan.base.faults_end]).max().unwrap_or_default();
        let quiet = quiet + plan.base.retention.map_or(Duration::ZERO, |_| RETENTION_TIME);
        let settled = now > quiet + Duration::from_secs(6) && self.world.observer.log().account.pending == 0;
        settled || now > quiet + SETTLE
    }

    /// Lets the standby take over at the end of such a fault. It has what was committed before the first step in which
    /// answers are withheld, so that nothing is lost that was answered.
    fn fail_over(&self, now: Duration, snapshot: &mut Option<Snapshot>) {
        for fault in &self.world.plan.database {
            let DatabaseFaultKind::Failover(loses) = fault.kind else { continue };
            let is_first_step_after = |time: Duration| (time..time + STEP).contains(&now);
            if is_first_step_after(fault.during.start) {
                *snapshot = Some(self.world.database.snapshot());
            }
            if is_first_step_after(fault.during.end)
                && loses
                && let Some(snapshot) = snapshot.take()
            {
                self.world.database.restore(&snapshot);
                self.world.observer.reload(&self.world.database);
            }
        }
    }

    /// Calls a node, or another one if it cannot be called.
    fn call(&self, node: usize, action: super::plan::ClusterAction) {
        let ready = |node: &usize| matches!(&self.nodes[*node], Node::Up(process) if process.is_ready());
        let place = (node..NODES).chain(0..node).find(ready);
        if let Some(Node::Up(process)) = place.map(|place| &self.nodes[place]) {
            process.call(action);
        }
    }

    fn fault(&self, node: usize, kind: NodeFaultKind, now: Duration) -> Option<NodeFault> {
        self.world.plan.fault(node, kind, now).copied()
    }

    /// Lets a node run for a step.
    fn step(&mut self, node: usize, now: Duration) {
        let crash = self.fault(node, NodeFaultKind::Crash, now);
        let drain = self.fault(node, NodeFaultKind::Drain, now);
        let freeze = self.fault(node, NodeFaultKind::Freeze, now);
        let state = std::mem::replace(&mut self.nodes[node], Node::Down(now));
        self.nodes[node] = match state {
            Node::Up(process) | Node::Frozen(process) if crash.is_some() => {
                self.world.observer.killed(process.number);
                process.kill();
                Node::Down(crash.map_or(now, |crash| crash.during().end))
            }
            Node::Up(process) if freeze.is_some() => Node::Frozen(process),
            Node::Frozen(process) if freeze.is_some() => Node::Frozen(process),
            Node::Frozen(mut process) => {
                process.thaw(now);
                Node::Up(process)
            }
            Node::Up(process) if process.end() == Some(SessionEnd::Lost) => {
                self.world.observer.killed(process.number);
                process.kill();
                Node::Down(now + RESTART)
            }
            Node::Up(process) if process.end() == Some(SessionEnd::Left) => {
                self.world.history.record_crash();
                process.kill();
                Node::Down(drain.map_or(now + RESTART, |drain| drain.during().end))
            }
            Node::Up(mut process) => {
                if drain.is_some() {
                    process.drain();
                }
                process.step(now + STEP);
                Node::Up(process)
            }
            Node::Down(until) if until <= now && crash.is_none() && drain.is_none() => {
                self.processes += 1;
                Node::Up(Box::new(Process::start(&self.world, node, self.processes)))
            }
            down @ Node::Down(_) => down,
        };
    }

    fn finish(self) -> ClusterOutcome {
        let World { plan, base, database, observer, history, now, .. } = &*self.world;
        // The observer holds the database, which would hold the observer.
        database.observe(|_| ());
        ClusterOutcome {
            plan: Arc::clone(plan),
            base: Arc::clone(base),
            history: history.clone(),
            observer: observer.clone(),
            store: database.node(),
            lasted: now.now(),
        }
    }
}
