//! The durable copy of the registry, and the version that this server has in memory.

use footbridge_journal::{JournalError, RegistryChange, RegistryStore, RegistryUpdate, Version};
use footbridge_model::audit::AuditEntry;
use footbridge_model::hook::Hook;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Stores changes under the version that they were checked against.
pub(crate) struct VersionedStore {
    store: Arc<dyn RegistryStore>,
    version: AtomicU64,
    /// True if other servers change the registry, too.
    shared: bool,
}

impl VersionedStore {
    pub(crate) fn new(store: Arc<dyn RegistryStore>, version: Version, shared: bool) -> Self {
        Self { store, version: AtomicU64::new(version.0), shared }
    }

    pub(super) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The version of what is in memory.
    pub(super) fn version(&self) -> Version {
        Version(self.version.load(Ordering::Acquire))
    }

    /// Sets the version of what is in memory. Readers take the version first: what they see after it is at least as new.
    pub(super) fn set_version(&self, version: Version) {
        self.version.store(version.0, Ordering::Release);
    }

    /// Stores a change with its entries of the audit log. The caller holds the lock of changes, publishes the change to readers, and then sets the version
    /// that this returns.
    pub(super) async fn apply(
        &self,
        change: RegistryChange,
        audit: Vec<AuditEntry>,
    ) -> Result<Version, JournalError> {
        self.store.apply_audited(change, self.version(), audit).await
    }

    pub(super) async fn since(&self, version: Version) -> Result<RegistryUpdate, JournalError> {
        self.store.since(version).await
    }

    pub(super) async fn deleted_hooks(&self) -> Result<Vec<Hook>, JournalError> {
        self.store.deleted_hooks().await
    }
}
