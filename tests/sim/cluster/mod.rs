//! Several nodes over one database that fails.
//!
//! Each node is an engine on a runtime of its own, with a clock of its own; a frozen one is not run. All of them use the
//! cluster in memory of the journal crate through a [`link::Link`], which delays, refuses and loses calls. The oracles:
//!
//! | oracle | checked | catches |
//! |---|---|---|
//! | one writer | at each commit | `FenceUnchecked` |
//! | partitions and claims | at each commit | `BurialKeepsPartitions` |
//! | identity | at each commit | `ForgetsCancelled` |
//! | horizon | at each commit | `HorizonIgnoresTheSilent`, `HorizonGoesBack` |
//! | visibility | every 100 ms | `VersionHole` |
//! | retention | at the end | `PrunesPending`, `PrunesNothing` |
//! | quiet | at each send | `CountsTheLeaseFromTheAnswer`, `IgnoresTheLease` |
//! | burials have a reason | at the end | `EndsSessionsAfterAnOutage` |
//! | sent once by each process | at the end | results dropped while the store is unavailable |
//! | acked, keys, exchanges, order, takeover | at the end | |
//!
//! `FOOTBRIDGE_SIM_SEED=n` replays a seed, `FOOTBRIDGE_SIM_RUNS=n` sets the number of seeds.

mod check;
mod draw;
mod link;
mod mutants;
mod node;
mod observer;
mod plan;
mod run;
mod scenarios;
mod tests;
mod visibility;
