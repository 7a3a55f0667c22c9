//! The port that stores apps, links and hooks. The engine holds them in memory; this is the durable copy, and how
//! servers learn of each other's changes.

use crate::{Version, Wait};
use footbridge_model::app::{App, Link};
use footbridge_model::audit::AuditEntry;
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// The whole registry at one version.
#[derive(Debug, Clone, Default)]
pub struct RegistrySnapshot {
    /// The version that the snapshot shows.
    pub version: Version,
    /// Every app, including disabled ones.
    pub apps: Vec<App>,
    /// All links between apps.
    pub links: Vec<Link>,
    /// Every hook that is not deleted.
    pub hooks: Vec<Hook>,
    /// The configuration file that was applied last.
    pub config_file: Option<String>,
}

/// Apps, links and hooks to store together. Each replaces the one of the same name or id.
#[derive(Debug, Clone, Default)]
pub struct RegistryBatch {
    /// Apps, one for each name.
    pub apps: Vec<App>,
    /// Links, by their two apps.
    pub links: Vec<Link>,
    /// Hooks, one for each id.
    pub hooks: Vec<Hook>,
    /// The configuration file that was applied; `None` leaves the stored one.
    pub config_file: Option<String>,
}

impl RegistryBatch {
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.apps.len() + self.links.len() + self.hooks.len() + usize::from(self.config_file.is_some())
    }

    /// Returns true if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One change of the registry: one transaction and one version.
#[derive(Debug, Clone)]
pub enum RegistryChange {
    /// Stores apps, links and hooks.
    Put(RegistryBatch),
    /// Stores an installed app with all its hooks, in place of the version that was installed before.
    Install {
        /// The app with its package.
        app: Box<App>,
        /// All hooks of the package.
        hooks: Vec<Hook>,
        /// Hooks it no longer has: deleted, and what is pending for them is cancelled with `reason`.
        gone: Vec<HookId>,
        /// The reason that is stored with the cancelled deliveries.
        reason: &'static str,
    },
    /// Deletes an app with its links, its hooks and the idempotency keys in its [`KeyScopes`](crate::KeyScopes), so
    /// that the next app of its name begins empty. What is pending for the hooks is cancelled with `reason`.
    DeleteApp {
        /// The name of the app.
        name: AppName,
        /// The reason of cancelled deliveries.
        reason: &'static str,
    },
    /// Deletes the link of two apps.
    DeleteLink {
        /// The host of the link.
        host: AppName,
        /// The miniapp of the link.
        miniapp: AppName,
    },
    /// Deletes hooks. What is pending for them is cancelled with `reason`. A deleted hook stays readable through its
    /// deliveries.
    DeleteHooks {
        /// The ids of the hooks.
        hooks: Vec<HookId>,
        /// The reason of cancelled deliveries.
        reason: &'static str,
    },
    /// Stores hooks that were deleted again, each under its id. What was cancelled with `reason` when they were deleted
    /// is pending again, due `now`, and its schedule starts again.
    RestoreHooks {
        /// The hooks as they are from now on.
        hooks: Vec<Hook>,
        /// The reason with which their deliveries were cancelled.
        reason: &'static str,
        /// The time at which their deliveries are due.
        now: Millis,
    },
}

impl RegistryChange {
    /// The change that stores one app.
    pub fn app(app: App) -> Self {
        Self::Put(RegistryBatch { apps: vec![app], ..RegistryBatch::default() })
    }

    /// The change that stores one link.
    pub fn link(link: Link) -> Self {
        Self::Put(RegistryBatch { links: vec![link], ..RegistryBatch::default() })
    }

    /// The change that stores some hooks.
    pub fn hooks(hooks: Vec<Hook>) -> Self {
        Self::Put(RegistryBatch { hooks, ..RegistryBatch::default() })
    }
}

/// The changes of the registry since some version.
#[derive(Debug, Clone)]
pub enum RegistryUpdate {
    /// The changes, oldest first, and the version they lead to. Empty when nothing changed.
    Changes(Vec<RegistryChange>, Version),
    /// The version is too old for a list of changes.
    Snapshot(RegistrySnapshot),
}

/// Stores apps, links and hooks. Secrets are sealed before they reach the disk.
pub trait RegistryStore: Send + Sync {
    /// Returns the whole registry.
    fn load(&self) -> Wait<RegistrySnapshot>;

    /// Returns what changed since `version`.
    fn since(&self, version: Version) -> Wait<RegistryUpdate>;

    /// Makes a change that was checked against the version `at`, with its entries of the audit log, and returns the new
    /// version. Fails with [`Stale`](crate::JournalError::Stale) when the registry has another version.
    fn apply_audited(&self, change: RegistryChange, at: Version, audit: Vec<AuditEntry>) -> Wait<Version>;

    /// Does the same as [`apply_audited`](Self::apply_audited) without an entry.
    fn apply(&self, change: RegistryChange, at: Version) -> Wait<Version> {
        self.apply_audited(change, at, Vec::new())
    }

    /// Returns persistent hooks of the configuration file that are deleted and still have deliveries, newest first.
    fn deleted_hooks(&self) -> Wait<Vec<Hook>>;
}
