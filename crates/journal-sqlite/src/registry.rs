//! The port of apps, links and hooks.

use crate::failure::{CommandError, CommandResult};
use crate::journal::SqliteJournal;
use crate::txn::Txn;
use crate::{apps, audit, hooks, links};
use footbridge_journal::{
    JournalError, RegistryBatch, RegistryChange, RegistrySnapshot, RegistryStore, RegistryUpdate, Version,
    Wait,
};
use footbridge_model::audit::AuditEntry;
use footbridge_model::hook::Hook;
use footbridge_model::id::HookId;

/// The bytes that one entry writes, roughly.
const ROW: usize = 2048;

impl RegistryStore for SqliteJournal {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.writer.ask(0, |txn| load(txn))
    }

    fn since(&self, version: Version) -> Wait<RegistryUpdate> {
        // Nobody else changes the registry, so no list of changes is stored.
        self.writer.ask(0, move |txn| {
            if version == txn.state.version {
                return Ok(RegistryUpdate::Changes(Vec::new(), version));
            }
            load(txn).map(RegistryUpdate::Snapshot)
        })
    }

    fn apply_audited(&self, change: RegistryChange, at: Version, audit: Vec<AuditEntry>) -> Wait<Version> {
        self.writer.ask(ROW * entries(&change) + audit::ENTRY * audit.len(), move |txn| {
            if at != txn.state.version {
                return Err(CommandError::Refused(JournalError::Stale));
            }
            apply(txn, &change)?;
            audit::insert(txn, &audit)?;
            Ok(txn.next_version()?)
        })
    }

    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.writer.ask(0, |txn| hooks::deleted(txn))
    }
}

fn load(txn: &Txn<'_>) -> CommandResult<RegistrySnapshot> {
    let sql = "SELECT value FROM meta WHERE name = 'config_file'";
    let config_file = txn.first(sql, [], |row| row.get(0))?;
    Ok(RegistrySnapshot {
        version: txn.state.version,
        apps: apps::load(txn)?,
        links: links::load(txn)?,
        hooks: hooks::load(txn)?,
        config_file,
    })
}

/// The number of rows that a change writes, roughly.
fn entries(change: &RegistryChange) -> usize {
    match change {
        RegistryChange::Put(batch) => batch.len(),
        RegistryChange::Install { hooks, .. } => 2 + hooks.len(),
        RegistryChange::RestoreHooks { hooks, .. } => hooks.len(),
        RegistryChange::DeleteApp { .. }
        | RegistryChange::DeleteLink { .. }
        | RegistryChange::DeleteHooks { .. } => 1,
    }
}

fn apply(txn: &mut Txn<'_>, change: &RegistryChange) -> CommandResult<()> {
    match change {
        RegistryChange::Put(batch) => put(txn, batch),
        RegistryChange::Install { app, hooks, gone, reason } => {
            apps::put(txn, app)?;
            delete_hooks(txn, gone, reason)?;
            hooks.iter().try_for_each(|hook| hooks::put(txn, hook))
        }
        RegistryChange::DeleteApp { name, reason } => apps::delete(txn, name, reason),
        RegistryChange::DeleteLink { host, miniapp } => links::delete(txn, host, miniapp),
        RegistryChange::DeleteHooks { hooks, reason } => delete_hooks(txn, hooks, reason),
        RegistryChange::RestoreHooks { hooks, reason, now } => {
            hooks.iter().try_for_each(|hook| hooks::restore(txn, hook, reason, *now))
        }
    }
}

fn put(txn: &mut Txn<'_>, batch: &RegistryBatch) -> CommandResult<()> {
    batch.apps.iter().try_for_each(|app| apps::put(txn, app))?;
    batch.links.iter().try_for_each(|link| links::put(txn, link))?;
    batch.hooks.iter().try_for_each(|hook| hooks::put(txn, hook))?;
    if let Some(file) = &batch.config_file {
        txn.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('config_file', ?1)", [file])?;
    }
    Ok(())
}

fn delete_hooks(txn: &mut Txn<'_>, ids: &[HookId], reason: &str) -> CommandResult<()> {
    ids.iter().try_for_each(|hook| hooks::delete(txn, *hook, reason))
}
