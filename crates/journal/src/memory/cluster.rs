//! One database that several servers share.

use super::handle::{Base, Commit, MemoryJournal, Shared};
use super::mutant::Mutant;
use super::state::State;
use crate::Account;
use footbridge_model::time::Clock;
use std::sync::Arc;

/// A database in memory that several servers share. Commits are serial.
#[derive(Clone, Default)]
pub struct MemoryCluster {
    base: Arc<Base>,
}

impl std::fmt::Debug for MemoryCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryCluster")
    }
}

impl MemoryCluster {
    /// An empty database without sessions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Breaks a law from now on.
    pub fn break_law(&self, mutant: Mutant) {
        self.with(|shared| shared.state.mutant = Some(mutant));
    }

    /// Sets the clock of the database, which beats answer with.
    pub fn set_clock(&self, clock: Arc<dyn Clock>) {
        self.with(|shared| shared.state.members.clock = Some(clock));
    }

    /// A server's handle, which has not joined yet. Until then it can read.
    pub fn node(&self) -> MemoryJournal {
        MemoryJournal::on(Arc::clone(&self.base))
    }

    /// Calls `observer` after each write that took effect.
    pub fn observe(&self, observer: impl FnMut(&Commit) + Send + 'static) {
        self.base.observe(Box::new(observer));
    }

    /// Returns the account as of now.
    pub fn account(&self) -> Account {
        self.with(|shared| shared.state.account)
    }

    /// A copy of the database as of now, such as a standby has.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.with(|shared| shared.state.clone()))
    }

    /// Goes back to a copy: what was committed since is lost, as after a failover to a standby that lagged.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.with(|shared| shared.state = snapshot.0.clone());
    }

    fn with<T>(&self, act: impl FnOnce(&mut Shared) -> T) -> T {
        act(&mut self.base.lock())
    }
}

/// A copy of a database.
#[derive(Clone)]
pub struct Snapshot(State);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Snapshot")
    }
}
