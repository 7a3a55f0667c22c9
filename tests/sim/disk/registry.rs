//! The registry port of the simulated disk.

use super::{Disk, ready_now};
use footbridge_journal::{RegistryBatch, RegistrySnapshot, RegistryStore, Wait};
use footbridge_model::app::{App, Link};
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

impl RegistryStore for Disk {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.ask(|stored, _, _| ready_now(stored.load()))
    }

    fn put_app(&self, app: App) -> Wait<()> {
        self.write(|stored, _| ready_now(stored.put_app(app)))
    }

    fn put_batch(&self, batch: RegistryBatch) -> Wait<()> {
        // The configuration file, which the first process writes; the plan leaves space for it.
        self.ask(|stored, _, _| ready_now(stored.put_batch(batch)))
    }

    fn put_installed(&self, app: App, hooks: Vec<Hook>, gone: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.write(move |stored, _| ready_now(stored.put_installed(app, hooks, gone, reason)))
    }

    fn delete_app(&self, name: AppName, reason: &'static str) -> Wait<()> {
        self.write(move |stored, _| ready_now(stored.delete_app(name, reason)))
    }

    fn put_link(&self, link: Link) -> Wait<()> {
        self.write(|stored, _| ready_now(stored.put_link(link)))
    }

    fn delete_link(&self, host: AppName, miniapp: AppName) -> Wait<()> {
        self.write(|stored, _| ready_now(stored.delete_link(host, miniapp)))
    }

    fn put_hook(&self, hook: Hook) -> Wait<()> {
        // The server creates its own hooks at every start; the plan leaves space for them.
        let own = hook.app == AppName::bolt();
        self.ask(move |stored, _, full| {
            if full && !own {
                Err(footbridge_journal::JournalError::Full)
            } else {
                ready_now(stored.put_hook(hook))
            }
        })
    }

    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.ask(|stored, _, _| ready_now(stored.deleted_hooks()))
    }

    fn restore_hooks(&self, hooks: Vec<Hook>, reason: &'static str, now: Millis) -> Wait<()> {
        self.write(move |stored, _| ready_now(stored.restore_hooks(hooks, reason, now)))
    }

    fn delete_hooks(&self, hooks: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.write(move |stored, _| ready_now(stored.delete_hooks(hooks, reason)))
    }
}
