//! Stores in memory, for tests and simulations. They obey the laws but for surviving the process: what the next server
//! finds is given by [`MemoryJournal::reopened`].

mod audit;
mod backlog;
mod cluster;
mod credential_uses;
mod deliveries;
mod exchanges;
mod gate;
mod handle;
mod jobs;
mod members;
mod mutant;
mod people;
mod ports;
mod prune;
mod registry;
mod search;
mod state;
mod statistics;
#[cfg(test)]
mod tests;
mod views;

pub use cluster::{MemoryCluster, Snapshot};
pub use gate::{Call, CallKind, Gate, Reply};
pub use handle::{Changes, Commit, MemoryJournal};
pub use mutant::Mutant;
