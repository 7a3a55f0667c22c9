//! Apps, links and hooks.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::mutant::Mutant;
use super::state::{State, StoredHook};
use crate::{
    JournalError, KeyScopes, RegistryBatch, RegistryChange, RegistrySnapshot, RegistryStore, RegistryUpdate,
    Version, Wait,
};
use footbridge_model::audit::AuditEntry;
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;

impl RegistryStore for MemoryJournal {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.call(CallKind::ReadRegistry, |state, _| Ok(state.snapshot()))
    }

    fn since(&self, version: Version) -> Wait<RegistryUpdate> {
        self.call(CallKind::ReadRegistry, move |state, _| Ok(state.since(version)))
    }

    fn apply_audited(&self, change: RegistryChange, at: Version, audit: Vec<AuditEntry>) -> Wait<Version> {
        self.call(CallKind::Apply, move |state, _| {
            if at != state.version && !state.breaks(Mutant::LastWriterWins) {
                return Err(JournalError::Stale);
            }
            let version = state.apply(change)?;
            state.add_audit(audit);
            Ok(version)
        })
    }

    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.call(CallKind::ReadRegistry, |state, _| {
            let of_file = |hook: &Hook| hook.lifetime == Lifetime::Persistent && hook.origin == Origin::File;
            let deleted = state.hooks.values().rev().filter(|stored| stored.deleted && of_file(&stored.hook));
            Ok(deleted.map(|stored| stored.hook.clone()).collect())
        })
    }
}

impl State {
    fn snapshot(&self) -> RegistrySnapshot {
        let hooks = self.hooks.values().filter(|stored| !stored.deleted);
        RegistrySnapshot {
            version: self.version,
            apps: self.apps.values().cloned().collect(),
            links: self.links.values().cloned().collect(),
            hooks: hooks.map(|stored| stored.hook.clone()).collect(),
            config_file: self.config_file.clone(),
        }
    }

    fn since(&self, version: Version) -> RegistryUpdate {
        let seen = usize::try_from(version.0).unwrap_or(usize::MAX);
        let skip = usize::from(self.breaks(Mutant::VersionHole));
        match self.log.get(seen..) {
            Some(changes) => {
                RegistryUpdate::Changes(changes.iter().skip(skip).cloned().collect(), self.version)
            }
            None => RegistryUpdate::Snapshot(self.snapshot()),
        }
    }

    /// Makes a change, and the next version with it.
    pub(super) fn apply(&mut self, change: RegistryChange) -> Result<Version, JournalError> {
        self.log.push(change.clone());
        self.version = self.version.next();
        match change {
            RegistryChange::Put(batch) => self.put_batch(batch),
            RegistryChange::Install { app, hooks, gone, reason } => {
                self.forget_ended_credentials(&app);
                self.apps.insert(app.name.clone(), *app);
                gone.into_iter().try_for_each(|hook| self.delete_hook(hook, reason))?;
                self.put_hooks(hooks);
            }
            RegistryChange::DeleteApp { name, reason } => self.delete_app(&name, reason)?,
            RegistryChange::DeleteLink { host, miniapp } => drop(self.links.remove(&(host, miniapp))),
            RegistryChange::DeleteHooks { hooks, reason } => {
                hooks.into_iter().try_for_each(|hook| self.delete_hook(hook, reason))?;
            }
            RegistryChange::RestoreHooks { hooks, reason, now } => {
                hooks.into_iter().try_for_each(|hook| self.restore_hook(hook, reason, now))?;
            }
        }
        Ok(self.version)
    }

    fn put_batch(&mut self, batch: RegistryBatch) {
        batch.apps.iter().for_each(|app| self.forget_ended_credentials(app));
        self.apps.extend(batch.apps.into_iter().map(|app| (app.name.clone(), app)));
        let links = batch.links.into_iter();
        self.links.extend(links.map(|link| ((link.host.clone(), link.miniapp.clone()), link)));
        self.put_hooks(batch.hooks);
        self.config_file = batch.config_file.or(self.config_file.take());
    }

    fn put_hooks(&mut self, hooks: Vec<Hook>) {
        for hook in hooks {
            self.saw(hook.id.number());
            self.hooks.insert(hook.id, StoredHook { hook, deleted: false });
        }
    }

    fn delete_app(&mut self, name: &AppName, reason: &str) -> Result<(), JournalError> {
        self.apps.remove(name);
        self.forget_credentials(name);
        self.links.retain(|(host, miniapp), _| host != name && miniapp != name);
        let scopes = KeyScopes::owned_by(name);
        self.keys.retain(|(scope, _), _| !scopes.contains(scope));
        let hooks: Vec<HookId> = self
            .hooks
            .values()
            .filter(|stored| stored.hook.app == *name)
            .map(|stored| stored.hook.id)
            .collect();
        hooks.into_iter().try_for_each(|hook| self.delete_hook(hook, reason))
    }
}
