//! The benches, one per file.

mod apps;
mod backlog;
mod compare;
mod exchange;
mod idle;
mod isolation;
mod live;
mod lookup;
mod publish;
mod tail;

use crate::Outcome;
use crate::machine::Quiet;
use crate::report::Section;
use crate::targets::packages::{self, Package};
use crate::targets::{Footbridge, Setup};
use crate::workspace::Workspace;
use std::path::Path;

/// The amount of load and repetition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Number of turns of each target.
    pub(crate) pairs: u32,
    /// Seconds of load in one turn.
    pub(crate) secs: u64,
    /// The value of `[server] shards`; `None` for the default.
    pub(crate) shards: Option<u32>,
    /// Number of events in the benches `backlog` and `lookup`.
    pub(crate) events: u64,
}

/// Everything that a bench needs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) plan: Plan,
    pub(crate) program: &'a Path,
    /// The build that `compare` measures the program against.
    pub(crate) against: Option<&'a Path>,
    pub(crate) workspace: &'a Workspace,
    pub(crate) quiet: &'a Quiet,
}

/// The benches by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Name {
    /// Exchanges, against nginx `proxy_pass`
    Exchange,
    /// Durable publishes, against Redis with `appendfsync always`
    Publish,
    /// Start and memory of an idle server
    Idle,
    /// A receiver that is down while events accumulate
    Backlog,
    /// One receiver in twenty that hangs
    Isolation,
    /// Apps that an event starts
    Apps,
    /// Pages with open live streams
    Live,
    /// A live tail while events are published
    Tail,
    /// Lists, searches and single events of the administration API over many stored events
    Lookup,
    /// Exchanges and publishes of two builds (--against), turn by turn
    Compare,
}

impl Name {
    /// The benches that run if none is named: all that need no second build.
    pub(crate) const fn all() -> &'static [Self] {
        &[
            Self::Exchange,
            Self::Publish,
            Self::Idle,
            Self::Backlog,
            Self::Isolation,
            Self::Apps,
            Self::Live,
            Self::Tail,
            Self::Lookup,
        ]
    }

    /// Runs the bench and returns its figures.
    pub(crate) fn run(self, bench: &Bench<'_>) -> Outcome<Section> {
        let mut section = match self {
            Self::Exchange => exchange::run(bench),
            Self::Publish => publish::run(bench),
            Self::Idle => idle::run(bench),
            Self::Backlog => backlog::run(bench),
            Self::Isolation => isolation::run(bench),
            Self::Apps => apps::run(bench),
            Self::Live => live::run(bench),
            Self::Tail => tail::run(bench),
            Self::Lookup => lookup::run(bench),
            Self::Compare => compare::run(bench),
        }?;
        section.noise(bench.quiet);
        Ok(section)
    }

    fn packages(self) -> &'static [Package] {
        match self {
            Self::Exchange => &[packages::WRK, packages::NGINX],
            Self::Compare => &[packages::WRK],
            Self::Publish => &[packages::REDIS, packages::REDIS_BENCHMARK],
            Self::Apps => &[packages::NODE],
            Self::Idle | Self::Backlog | Self::Isolation | Self::Live | Self::Tail | Self::Lookup => &[],
        }
    }
}

/// Returns the baseline programs that these benches need.
pub(crate) fn packages(names: &[Name]) -> Vec<Package> {
    names.iter().flat_map(|name| name.packages()).copied().collect()
}

impl Bench<'_> {
    fn footbridge(&self, setup: &Setup) -> Outcome<Footbridge> {
        self.build(self.program, setup)
    }

    fn build(&self, program: &Path, setup: &Setup) -> Outcome<Footbridge> {
        let setup = Setup { shards: self.plan.shards, ..setup.clone() };
        Footbridge::start(self.workspace, program, &setup)
    }
}

/// Returns one value of each turn.
fn column<T>(turns: &[T], value: impl Fn(&T) -> f64) -> Vec<f64> {
    turns.iter().map(value).collect()
}

/// Divides the values of each turn.
fn ratios(over: &[f64], under: &[f64]) -> Vec<f64> {
    over.iter().zip(under).map(|(over, under)| over / under).collect()
}
