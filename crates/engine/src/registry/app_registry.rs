//! The registry: the current snapshots, and how they are replaced.

use super::app_state::AppState;
use super::directory::Directory;
use super::entry::AppEntry;
use super::error::ChangeError;
use super::index::HookIndex;
use super::spec::SecretSet;
use crate::lanes::Lanes;
use crate::live::LiveChannels;
use arc_swap::ArcSwap;
use footbridge_courier::CourierShared;
use footbridge_journal::RegistrySnapshot;
use footbridge_model::app::App;
use footbridge_model::id::IdSource;
use footbridge_model::name::AppName;
use footbridge_model::time::{Clock, Entropy};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The ports and settings that the registry is built from.
pub(crate) struct RegistryOptions {
    pub(crate) store: Arc<dyn footbridge_journal::RegistryStore>,
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

impl std::fmt::Debug for AppRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppRegistry").finish_non_exhaustive()
    }
}

impl AppRegistry {
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
