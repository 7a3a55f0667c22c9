//! The port of apps, links and hooks.

use crate::journal::SqliteJournal;
use crate::{apps, hooks, links};
use footbridge_journal::{RegistryBatch, RegistrySnapshot, RegistryStore, Wait};
use footbridge_model::app::{App, Link};
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// About what one of them costs.
const ROW: usize = 2048;

impl RegistryStore for SqliteJournal {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.writer.ask(0, |txn| {
            let sql = "SELECT value FROM meta WHERE name = 'config_file'";
            let config_file = txn.first(sql, [], |row| row.get(0))?;
            Ok(RegistrySnapshot {
                apps: apps::load(txn)?,
                links: links::load(txn)?,
                hooks: hooks::load(txn)?,
                config_file,
            })
        })
    }

    fn put_app(&self, app: App) -> Wait<()> {
        self.writer.ask(ROW, move |txn| apps::put(txn, &app))
    }

    fn put_batch(&self, batch: RegistryBatch) -> Wait<()> {
        self.writer.ask(ROW * batch.len(), move |txn| {
            batch.apps.iter().try_for_each(|app| apps::put(txn, app))?;
            batch.links.iter().try_for_each(|link| links::put(txn, link))?;
            batch.hooks.iter().try_for_each(|hook| hooks::put(txn, hook))?;
            if let Some(file) = &batch.config_file {
                txn.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('config_file', ?1)", [file])?;
            }
            Ok(())
        })
    }

    fn put_installed(&self, app: App, hooks: Vec<Hook>, gone: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.writer.ask(ROW * (2 + hooks.len()), move |txn| {
            apps::put(txn, &app)?;
            gone.iter().try_for_each(|hook| hooks::end(txn, *hook, reason))?;
            hooks.iter().try_for_each(|hook| hooks::put(txn, hook))
        })
    }

    fn delete_app(&self, name: AppName, reason: &'static str) -> Wait<()> {
        self.writer.ask(ROW, move |txn| apps::delete(txn, &name, reason))
    }

    fn put_link(&self, link: Link) -> Wait<()> {
        self.writer.ask(ROW, move |txn| links::put(txn, &link))
    }

    fn delete_link(&self, host: AppName, miniapp: AppName) -> Wait<()> {
        self.writer.ask(ROW, move |txn| links::delete(txn, &host, &miniapp))
    }

    fn put_hook(&self, hook: Hook) -> Wait<()> {
        self.writer.ask(ROW, move |txn| hooks::put(txn, &hook))
    }

    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.writer.ask(0, |txn| hooks::gone(txn))
    }

    fn restore_hooks(&self, hooks: Vec<Hook>, reason: &'static str, now: Millis) -> Wait<()> {
        self.writer.ask(ROW * hooks.len(), move |txn| {
            hooks.iter().try_for_each(|hook| hooks::revive(txn, hook, reason, now))
        })
    }

    fn delete_hooks(&self, hooks: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.writer.ask(ROW, move |txn| hooks.iter().try_for_each(|hook| hooks::end(txn, *hook, reason)))
    }
}
