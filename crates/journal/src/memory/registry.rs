//! Apps, links and hooks.

use super::MemoryJournal;
use super::state::KeptHook;
use crate::{KeyScopes, RegistryBatch, RegistrySnapshot, RegistryStore, Wait};
use footbridge_model::app::{App, Link};
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

impl RegistryStore for MemoryJournal {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.act(|state| {
            Ok(RegistrySnapshot {
                apps: state.apps.values().cloned().collect(),
                links: state.links.values().cloned().collect(),
                hooks: state.hooks.values().filter(|kept| !kept.gone).map(|kept| kept.hook.clone()).collect(),
                config_file: state.config_file.clone(),
            })
        })
    }

    fn put_app(&self, app: App) -> Wait<()> {
        self.act(|state| {
            state.apps.insert(app.name.clone(), app);
            Ok(())
        })
    }

    fn put_batch(&self, batch: RegistryBatch) -> Wait<()> {
        self.act(|state| {
            state.apps.extend(batch.apps.into_iter().map(|app| (app.name.clone(), app)));
            let links = batch.links.into_iter();
            state.links.extend(links.map(|link| ((link.host.clone(), link.miniapp.clone()), link)));
            for hook in batch.hooks {
                state.saw(hook.id.number());
                state.hooks.insert(hook.id, KeptHook { hook, gone: false });
            }
            state.config_file = batch.config_file.or(state.config_file.take());
            Ok(())
        })
    }

    fn delete_app(&self, name: AppName, reason: &'static str) -> Wait<()> {
        self.act(|state| {
            state.apps.remove(&name);
            state.links.retain(|(host, miniapp), _| *host != name && *miniapp != name);
            let scopes = KeyScopes::owned_by(&name);
            state.keys.retain(|(scope, _), _| !scopes.contains(scope));
            let of_app = |kept: &&KeptHook| kept.hook.app == name;
            let hooks: Vec<_> = state.hooks.values().filter(of_app).map(|kept| kept.hook.id).collect();
            hooks.into_iter().try_for_each(|hook| state.end_hook(hook, reason))
        })
    }

    fn put_link(&self, link: Link) -> Wait<()> {
        self.act(|state| {
            state.links.insert((link.host.clone(), link.miniapp.clone()), link);
            Ok(())
        })
    }

    fn delete_link(&self, host: AppName, miniapp: AppName) -> Wait<()> {
        self.act(|state| {
            state.links.remove(&(host, miniapp));
            Ok(())
        })
    }

    fn put_hook(&self, hook: Hook) -> Wait<()> {
        self.act(|state| {
            state.saw(hook.id.number());
            state.hooks.insert(hook.id, KeptHook { hook, gone: false });
            Ok(())
        })
    }

    fn put_installed(&self, app: App, hooks: Vec<Hook>, gone: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.act(|state| {
            state.apps.insert(app.name.clone(), app);
            gone.into_iter().try_for_each(|hook| state.end_hook(hook, reason))?;
            for hook in hooks {
                state.saw(hook.id.number());
                state.hooks.insert(hook.id, KeptHook { hook, gone: false });
            }
            Ok(())
        })
    }

    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.act(|state| {
            let ours = |hook: &Hook| hook.lifetime == Lifetime::Persistent && hook.origin == Origin::File;
            let gone = state.hooks.values().rev().filter(|kept| kept.gone && ours(&kept.hook));
            Ok(gone.map(|kept| kept.hook.clone()).collect())
        })
    }

    fn restore_hooks(&self, hooks: Vec<Hook>, reason: &'static str, now: Millis) -> Wait<()> {
        self.act(|state| hooks.into_iter().try_for_each(|hook| state.revive_hook(hook, reason, now)))
    }

    fn delete_hooks(&self, hooks: Vec<HookId>, reason: &'static str) -> Wait<()> {
        self.act(|state| hooks.into_iter().try_for_each(|hook| state.end_hook(hook, reason)))
    }
}
