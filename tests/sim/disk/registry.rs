//! The port of apps, links and hooks.

use super::{Disk, at_once};
use footbridge_journal::{RegistryBatch, RegistrySnapshot, RegistryStore, Wait};
use footbridge_model::app::{App, Link};
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

impl RegistryStore for Disk {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.ask(|kept, _, _| at_once(kept.load()))
    }

    fn put_app(&self, app: App) -> Wait<()> {
        self.write(|kept, _| at_once(kept.put_app(app)))
    }

    fn put_batch(&self, batch: RegistryBatch) -> Wait<()> {
        self.write(|kept, _| at_once(kept.put_batch(batch)))
    }

    fn put_installed(&self, app: App, hooks: Vec<Hook>, gone: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.write(move |kept, _| at_once(kept.put_installed(app, hooks, gone, reason)))
    }

    fn delete_app(&self, name: AppName, reason: &'static str) -> Wait<()> {
        self.write(move |kept, _| at_once(kept.delete_app(name, reason)))
    }

    fn put_link(&self, link: Link) -> Wait<()> {
        self.write(|kept, _| at_once(kept.put_link(link)))
    }

    fn delete_link(&self, host: AppName, miniapp: AppName) -> Wait<()> {
        self.write(|kept, _| at_once(kept.delete_link(host, miniapp)))
    }

    fn put_hook(&self, hook: Hook) -> Wait<()> {
        // The server's own, at every start, for which the plan lets there be room.
        let own = hook.app == AppName::bolt();
        self.ask(move |kept, _, full| {
            if full && !own {
                Err(footbridge_journal::JournalError::Full)
            } else {
                at_once(kept.put_hook(hook))
            }
        })
    }

    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.ask(|kept, _, _| at_once(kept.deleted_hooks()))
    }

    fn restore_hooks(&self, hooks: Vec<Hook>, reason: &'static str, now: Millis) -> Wait<()> {
        self.write(move |kept, _| at_once(kept.restore_hooks(hooks, reason, now)))
    }

    fn delete_hooks(&self, hooks: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.write(move |kept, _| at_once(kept.delete_hooks(hooks, reason)))
    }
}
