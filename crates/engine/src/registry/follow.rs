//! Publishing the changes that other servers have stored.

use super::app_registry::AppRegistry;
use super::directory::Directory;
use super::index::HookIndex;
use footbridge_journal::{RegistryBatch, RegistryChange, RegistrySnapshot};
use footbridge_model::app::App;
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::sync::Arc;

impl AppRegistry {
    /// Publishes one change to readers, and wakes the lanes of the hooks that it concerns.
    pub(super) fn publish_change(&self, change: RegistryChange) {
        match change {
            RegistryChange::Put(RegistryBatch { apps, links, hooks, config_file: _ }) => {
                for app in apps {
                    self.publish_app(app);
                }
                self.edit_directory(|directory| links.into_iter().for_each(|link| directory.put_link(link)));
                self.publish_hooks(hooks, &[]);
            }
            RegistryChange::Install { app, hooks, gone, reason: _ } => {
                self.publish_app(*app);
                self.publish_hooks(hooks, &gone);
            }
            RegistryChange::DeleteApp { name, reason: _ } => self.unpublish_app(&name),
            RegistryChange::DeleteLink { host, miniapp } => {
                self.edit_directory(|directory| directory.remove_link(&host, &miniapp));
            }
            RegistryChange::DeleteHooks { hooks, reason: _ } => self.publish_hooks(Vec::new(), &hooks),
            RegistryChange::RestoreHooks { hooks, .. } => self.publish_hooks(hooks, &[]),
        }
    }

    /// Publishes a whole registry to readers, and wakes the lanes of all hooks.
    pub(super) fn publish_snapshot(&self, snapshot: RegistrySnapshot) {
        let RegistrySnapshot { version, apps, links, hooks, config_file: _ } = snapshot;
        let before = self.directory.load_full();
        let file_secrets = |app: &App| before.app(app.name.as_str()).map(|entry| entry.file_secrets);
        let entries = apps.into_iter().map(|app| {
            let file_secrets = file_secrets(&app);
            self.entry(app, file_secrets)
        });
        self.publish_directory(before.with(entries, links.into_iter()), None);
        let (old, index) = (self.index.load_full(), HookIndex::build(hooks, &self.directory.load()));
        let ids: Vec<HookId> = old.hooks().chain(index.hooks()).map(|entry| entry.hook.id).collect();
        self.index.store(Arc::new(index));
        self.options.store.set_version(version);
        self.options.lanes.wake(ids);
    }

    fn publish_app(&self, app: App) {
        let name = app.name.clone();
        let file_secrets = self.app(&name).ok().map(|entry| entry.file_secrets);
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_app(self.entry(app, file_secrets));
        self.publish_directory(directory, Some(&name));
    }

    /// Publishes that an app is deleted with its links and hooks.
    pub(super) fn unpublish_app(&self, name: &AppName) {
        let hooks: Vec<_> = self.index.load().of(name).map(|entry| entry.hook.id).collect();
        self.publish_hooks(Vec::new(), &hooks);
        self.edit_directory(|directory| directory.remove_app(name));
        self.forget_state(name);
        self.options.live.recheck(name);
    }

    fn publish_hooks(&self, hooks: Vec<Hook>, gone: &[HookId]) {
        let ids: Vec<_> = hooks.iter().map(|hook| hook.id).chain(gone.iter().copied()).collect();
        if ids.is_empty() {
            return;
        }
        self.publish_index(|index, directory| {
            for id in gone {
                index.remove(*id);
            }
            for hook in hooks {
                index.put(hook, directory);
            }
        });
        self.options.lanes.wake(ids);
    }

    fn edit_directory(&self, edit: impl FnOnce(&mut Directory)) {
        let mut directory = Directory::clone(&self.directory.load());
        edit(&mut directory);
        self.publish_directory(directory, None);
    }
}
