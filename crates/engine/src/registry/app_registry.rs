//! The registry: the current snapshots, and how they are replaced.

use super::app_state::AppState;
use super::directory::Directory;
use super::entry::AppEntry;
use super::error::ChangeError;
use super::index::HookIndex;
use super::spec::SecretSet;
use super::store::VersionedStore;
use crate::lanes::Lanes;
use crate::live::LiveChannels;
use arc_swap::ArcSwap;
use footbridge_courier::CourierShared;
use footbridge_journal::{
    JournalError, Partition, RegistryChange, RegistrySnapshot, RegistryUpdate, Version,
};
use footbridge_model::app::App;
use footbridge_model::audit::Actor;
use footbridge_model::id::{HookId, IdSource};
use footbridge_model::name::AppName;
use footbridge_model::time::{Clock, Entropy};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::MutexGuard;

/// The ports and settings that the registry is built from.
pub(crate) struct RegistryOptions {
    pub(crate) store: VersionedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) lanes: Lanes,
    pub(crate) live: Arc<LiveChannels>,
    pub(crate) courier: Arc<CourierShared>,
    pub(crate) hooks_per_app: usize,
    /// The configuration file that was applied last.
    pub(crate) config_file: Option<String>,
}

/// All apps, links and hooks, and the only way to change them. A change is stored first and then published to readers.
pub(crate) struct AppRegistry {
    pub(crate) directory: ArcSwap<Directory>,
    pub(crate) index: ArcSwap<HookIndex>,
    pub(super) options: RegistryOptions,
    /// Serialises changes. Readers never take it.
    pub(super) change_lock: tokio::sync::Mutex<()>,
    states: Mutex<HashMap<AppName, Arc<AppState>>>,
}

/// The right to change the registry, and the one who changes it.
pub(super) struct ChangeLock<'a> {
    pub(super) by: &'a Actor,
    _guard: MutexGuard<'a, ()>,
}

impl std::fmt::Debug for AppRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppRegistry").finish_non_exhaustive()
    }
}

impl AppRegistry {
    /// The policy and the dialer of all outbound requests.
    pub(crate) fn courier(&self) -> &Arc<CourierShared> {
        &self.options.courier
    }

    /// Builds the registry from what is stored.
    pub(crate) fn new(options: RegistryOptions, stored: RegistrySnapshot) -> Result<Self, ChangeError> {
        let registry = Self {
            directory: ArcSwap::default(),
            index: ArcSwap::default(),
            options,
            change_lock: tokio::sync::Mutex::default(),
            states: Mutex::default(),
        };
        let mut directory = Directory::with_server(registry.server_entry()?);
        for app in stored.apps {
            directory.put_app(registry.entry(app, None));
        }
        for link in stored.links {
            directory.put_link(link);
        }
        registry.index.store(Arc::new(HookIndex::build(stored.hooks, &directory)));
        registry.directory.store(Arc::new(directory));
        Ok(registry)
    }

    /// Builds the entry of an app. `file_secrets` names the secrets that the configuration file defines.
    pub(super) fn entry(&self, app: App, file_secrets: Option<SecretSet>) -> AppEntry {
        let state = self.state(&app.name);
        AppEntry::new(app, state, file_secrets.unwrap_or_default())
    }

    /// Waits for the right to change the registry. What other servers have changed since is in memory by then, so that
    /// the change is checked against it.
    pub(super) async fn lock_changes<'a>(&'a self, by: &'a Actor) -> Result<ChangeLock<'a>, JournalError> {
        let guard = self.change_lock.lock().await;
        if self.options.store.is_shared() {
            self.catch_up_locked().await?;
        }
        Ok(ChangeLock { by, _guard: guard })
    }

    /// Stores a change with its entries of the audit log. Call this before the change is published to readers.
    pub(super) async fn store(
        &self,
        lock: &ChangeLock<'_>,
        change: RegistryChange,
    ) -> Result<Version, JournalError> {
        let audit = self.audit(lock.by, &change);
        self.options.store.apply(change, audit).await
    }

    /// The version of what readers see.
    pub(crate) fn version(&self) -> Version {
        self.options.store.version()
    }

    /// Returns true if other servers change the registry, too.
    pub(crate) const fn is_shared(&self) -> bool {
        self.options.store.is_shared()
    }

    /// Returns true if a hook is known to this server.
    pub(crate) fn knows_hook(&self, hook: HookId) -> bool {
        self.index.load().hook(hook).is_some()
    }

    /// All partitions: the fixed ones, and those of installed apps.
    pub(crate) fn partitions(&self) -> Vec<Partition> {
        let directory = self.directory.load();
        let installed = directory.apps().filter(|entry| entry.app.package.is_some());
        let installed = installed.map(|entry| Partition::of_installed(entry.app.generation));
        Partition::fixed().chain(installed).collect()
    }

    /// Publishes to readers what other servers have changed since.
    pub(crate) async fn catch_up(&self) -> Result<(), JournalError> {
        let _lock = self.change_lock.lock().await;
        self.catch_up_locked().await
    }

    async fn catch_up_locked(&self) -> Result<(), JournalError> {
        let (update, version) = match self.options.store.since(self.version()).await? {
            RegistryUpdate::Changes(changes, _) if changes.is_empty() => return Ok(()),
            RegistryUpdate::Changes(changes, version) => (changes, version),
            RegistryUpdate::Snapshot(snapshot) => {
                self.publish_snapshot(snapshot);
                return Ok(());
            }
        };
        for change in update {
            self.publish_change(change);
        }
        self.options.store.set_version(version);
        Ok(())
    }

    /// The state of an app, created on first use.
    fn state(&self, name: &AppName) -> Arc<AppState> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(name.clone()).or_default())
    }

    pub(super) fn forget_state(&self, name: &AppName) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Publishes the current run of an installed app to readers: its token and the destinations of its hooks.
    pub(crate) async fn refresh(&self, name: &AppName) {
        let _lock = self.change_lock.lock().await;
        let Some(entry) = self.directory.load().app(name.as_str()).cloned() else { return };
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_app(self.entry(entry.app.clone(), Some(entry.file_secrets)));
        self.publish_directory(directory, Some(name));
    }

    /// Wakes the lanes of an app.
    pub(crate) fn wake_lanes(&self, name: &AppName) {
        let hooks: Vec<_> = self.index.load().of(name).map(|entry| entry.hook.id).collect();
        self.options.lanes.wake(hooks);
    }

    /// Publishes a new directory to readers, and updates the hooks of `app` accordingly.
    pub(super) fn publish_directory(&self, directory: Directory, app: Option<&AppName>) {
        let directory = Arc::new(directory);
        self.directory.store(Arc::clone(&directory));
        if let Some(app) = app {
            let mut index = HookIndex::clone(&self.index.load());
            index.refresh(app, &directory);
            let hooks: Vec<_> = index.of(app).map(|entry| entry.hook.id).collect();
            self.index.store(Arc::new(index));
            self.options.lanes.wake(hooks);
            self.options.live.recheck(app);
        }
    }

    /// Applies `change` to a copy of the index and publishes the copy to readers.
    pub(super) fn publish_index(&self, change: impl FnOnce(&mut HookIndex, &Directory)) {
        let mut index = HookIndex::clone(&self.index.load());
        change(&mut index, &self.directory.load());
        self.index.store(Arc::new(index));
    }
}
