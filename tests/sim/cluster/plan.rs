//! The plan of a run with several nodes.

use crate::plan::{ExchangePlan, HookPlan, Plan, Publish};
use footbridge_engine::BrokenRule;
use footbridge_journal::memory::Mutant;
use std::ops::Range;
use std::time::Duration;

/// The number of servers.
pub(crate) const NODES: usize = 3;

/// Everything that happens in a run with several nodes.
#[derive(Debug, Clone)]
pub(crate) struct ClusterPlan {
    /// Seed, receivers and times. Its steps are executed by no node in particular.
    pub(crate) base: Plan,
    /// Actions, by time.
    pub(crate) actions: Vec<NodeAction>,
    pub(crate) clocks: [NodeClockPlan; NODES],
    pub(crate) faults: Vec<NodeFault>,
    pub(crate) database: Vec<DatabaseFault>,
    /// Calls of a thousand that do not reach the database, and whose answers are lost, until the faults end.
    pub(crate) lost_requests: u64,
    pub(crate) lost_answers: u64,
}

/// A clock that is wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NodeClockPlan {
    /// By how many milliseconds the wall clock is wrong.
    pub(crate) offset: i64,
    /// How much too fast all clocks of the node go, in parts per million.
    pub(crate) drift: i64,
}

/// An action at a node.
#[derive(Debug, Clone)]
pub(crate) struct NodeAction {
    pub(crate) at: Duration,
    pub(crate) node: usize,
    pub(crate) action: ClusterAction,
}

#[derive(Debug, Clone)]
pub(crate) enum ClusterAction {
    Publish(Publish),
    Exchange(ExchangePlan),
    Add(HookPlan),
    Remove(u64),
}

/// The behaviour that is broken on purpose in a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Broken {
    pub(super) rule: Option<BrokenRule>,
    pub(super) law: Option<Mutant>,
    /// The store says that results are stored which it could not store.
    pub(super) drops_results: bool,
    /// No call that ends the session of another node arrives.
    pub(super) never_buries: bool,
}

/// A fault of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeFault {
    pub(crate) node: usize,
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
    pub(crate) kind: NodeFaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeFaultKind {
    /// Killed, and started again.
    Crash,
    /// Stopped by `SIGSTOP`, and continued.
    Freeze,
    /// Cut off from the database.
    Cut,
    /// The same, but only for its beats.
    CutBeats,
    /// Asked to end, and started again.
    Drain,
}

/// A fault of the database.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFault {
    pub(crate) during: Range<Duration>,
    pub(crate) kind: DatabaseFaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseFaultKind {
    /// Answers nothing. What it has committed stays.
    Down,
    /// Takes up to this many milliseconds for a call and as many for its answer.
    Slow(u64),
    /// The same, but only for beats.
    SlowBeats(u64),
    /// Its standby no longer confirms, so that no answer is sent; in the end the standby takes over. If true, what was
    /// committed meanwhile is lost.
    Failover(bool),
}

impl NodeFault {
    pub(crate) fn during(&self) -> Range<Duration> {
        self.at..self.at + self.lasts
    }
}

impl ClusterPlan {
    pub(crate) const fn seed(&self) -> u64 {
        self.base.seed
    }

    /// The fault of this kind that a node has at this time.
    pub(crate) fn fault(&self, node: usize, kind: NodeFaultKind, at: Duration) -> Option<&NodeFault> {
        let same = |fault: &&NodeFault| fault.node == node && fault.kind == kind;
        self.faults.iter().filter(same).find(|fault| fault.during().contains(&at))
    }

    /// The fault that the database has at this time.
    pub(crate) fn database_fault(&self, at: Duration) -> Option<&DatabaseFault> {
        self.database.iter().find(|fault| fault.during.contains(&at))
    }
}
