//! The ports of one store together.

use crate::{
    AuditLog, Claim, Cluster, CredentialUses, DeliveryQueue, EventLog, ExchangeLog, History, Jobs,
    JournalHealth, PeopleStore, RegistryStore, Statistics, Views, Wait,
};
use footbridge_model::time::Millis;

/// The limits of retention: older rows may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PruneLimits {
    /// Events from before this time, once all their deliveries have ended, and ended exchanges.
    pub ended_before: Millis,
    /// Events from before this time that have dead deliveries.
    pub dead_before: Millis,
    /// Entries of the audit log from before this time.
    pub audit_before: Millis,
    /// The current time: answers and keys whose time is over are deleted too.
    pub now: Millis,
}

/// Deletes what is old.
pub trait Retention: Send + Sync {
    /// Deletes a bounded portion of what is older than the limits. Returns true if there is more.
    ///
    /// The claim is that of [`Partition::RETENTION`](crate::Partition::RETENTION).
    fn prune(&self, claim: Claim, limits: PruneLimits) -> Wait<bool>;
}

/// All ports of the store of events, deliveries and exchanges, and its state.
pub trait Journal:
    EventLog
    + DeliveryQueue
    + ExchangeLog
    + History
    + Statistics
    + CredentialUses
    + AuditLog
    + Jobs
    + Views
    + Retention
{
    /// Returns the state of the journal, for probes.
    fn health(&self) -> JournalHealth {
        JournalHealth::default()
    }

    /// Resolves with the reason when the journal has stopped by itself.
    fn stopped(&self) -> Wait<String>;

    /// Stores what was requested so far and accepts nothing more.
    fn close(&self) -> Wait<()>;
}

/// A store that is all of it: the journal, the registry, people and the cluster, as adapters provide them.
pub trait Store: Journal + RegistryStore + PeopleStore + Cluster {}

impl<T: Journal + RegistryStore + PeopleStore + Cluster> Store for T {}
