//! Entries of the audit log for changes of the registry. They are derived from the change itself, so that no operation
//! can forget its entry.

use super::app_registry::AppRegistry;
use super::directory::Directory;
use super::index::HookIndex;
use crate::audit::{Act, Members, changed_members, created, deleted, entries, members, updated};
use footbridge_journal::{RegistryBatch, RegistryChange};
use footbridge_model::app::{App, Link};
use footbridge_model::audit::{Actor, ActorKind, AuditEntry, AuditObject};
use footbridge_model::credential::CredentialKind;
use footbridge_model::hook::{Hook, Lifetime};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::rotation::Rotating;
use footbridge_model::time::Millis;
use serde_json::json;
use std::sync::Arc;

impl AppRegistry {
    /// The entries for a change that was not made yet.
    pub(super) fn audit(&self, by: &Actor, change: &RegistryChange) -> Vec<AuditEntry> {
        let registry = Before { directory: self.directory.load_full(), index: self.index.load_full() };
        let acts = registry.acts(by, change);
        entries(&self.options.ids, self.options.clock.now(), by, acts)
    }
}

/// The registry before the change.
struct Before {
    directory: Arc<Directory>,
    index: Arc<HookIndex>,
}

impl Before {
    fn acts(&self, by: &Actor, change: &RegistryChange) -> Vec<Act> {
        match change {
            RegistryChange::Put(batch) => self.put(by, batch),
            RegistryChange::Install { app, hooks, gone, reason } => {
                let mut acts = vec![self.install(app)];
                acts.extend(gone.iter().filter_map(|id| self.delete_hook(by, *id, reason)));
                // An installation stores every hook again.
                let put = hooks.iter().filter_map(|hook| self.put_hook(by, hook));
                acts.extend(put.filter(|act| act.before.as_ref().is_none_or(|before| !before.is_empty())));
                acts
            }
            RegistryChange::DeleteApp { name, .. } => self.delete_app(name).into_iter().collect(),
            RegistryChange::DeleteLink { host, miniapp } => {
                let link = self.directory.link(host, miniapp);
                let act = link.map(|link| deleted("link.delete", of_link(link), link_members(link)));
                act.into_iter().collect()
            }
            RegistryChange::DeleteHooks { hooks, reason } => {
                hooks.iter().filter_map(|id| self.delete_hook(by, *id, reason)).collect()
            }
            RegistryChange::RestoreHooks { hooks, .. } => {
                let restored = |hook| created("hook.restore", of_hook(hook), hook_members(hook));
                hooks.iter().map(restored).collect()
            }
        }
    }

    fn put(&self, by: &Actor, batch: &RegistryBatch) -> Vec<Act> {
        let RegistryBatch { apps, links, hooks, config_file: _ } = batch;
        let mut acts: Vec<Act> = apps.iter().map(|app| self.put_app(app)).collect();
        acts.extend(links.iter().map(|link| self.put_link(link)));
        acts.extend(hooks.iter().filter_map(|hook| self.put_hook(by, hook)));
        acts
    }

    fn put_app(&self, app: &App) -> Act {
        let Some(before) = self.directory.app(app.name.as_str()).map(|entry| &entry.app) else {
            return created("app.create", of_app(&app.name), app_members(app));
        };
        let (old, new) = changed_members(app_members(before), app_members(app));
        let (action, note) = match secrets_act(before, app) {
            Some((action, note)) if old.is_empty() || matches!(action, "app.rotate" | "app.update") => {
                (action, note)
            }
            _ => (updated(&old, ["app.enable", "app.disable", "app.update"], app.enabled), None),
        };
        Act { action, object: of_app(&app.name), before: Some(old), after: Some(new), note }
    }

    fn install(&self, app: &App) -> Act {
        match self.directory.app(app.name.as_str()) {
            Some(known) => {
                let (old, new) = changed_members(app_members(&known.app), app_members(app));
                let object = of_app(&app.name);
                Act { action: "app.install", object, before: Some(old), after: Some(new), note: None }
            }
            None => created("app.install", of_app(&app.name), app_members(app)),
        }
    }

    fn delete_app(&self, name: &AppName) -> Option<Act> {
        let app = &self.directory.app(name.as_str())?.app;
        let action = if app.package.is_some() { "app.uninstall" } else { "app.delete" };
        let hooks = self.index.of(name).count();
        let links = self.directory.links().filter(|link| link.host == *name || link.miniapp == *name).count();
        let note = Some(format!("hooks deleted with it: {hooks}; links: {links}"));
        Some(Act { note, ..deleted(action, of_app(name), app_members(app)) })
    }

    fn put_link(&self, link: &Link) -> Act {
        let Some(before) = self.directory.link(&link.host, &link.miniapp) else {
            return created("link.create", of_link(link), link_members(link));
        };
        let (old, new) = changed_members(link_members(before), link_members(link));
        let action = updated(&old, ["link.enable", "link.disable", "link.update"], link.enabled);
        Act { action, object: of_link(link), before: Some(old), after: Some(new), note: None }
    }

    fn put_hook(&self, by: &Actor, hook: &Hook) -> Option<Act> {
        let Some(before) = self.index.hook(hook.id).map(|entry| &entry.hook) else {
            return is_audited(by, hook).then(|| created("hook.create", of_hook(hook), hook_members(hook)));
        };
        let (old, new) = changed_members(hook_members(before), hook_members(hook));
        let action = match (&before.paused, &hook.paused) {
            (None, Some(_)) => "lane.pause",
            (Some(_), None) => "lane.resume",
            _ => updated(&old, ["hook.enable", "hook.disable", "hook.update"], hook.enabled),
        };
        let is_system = by.kind == ActorKind::System && action == "hook.disable";
        let note = is_system.then(|| "its receiver answered 410".to_owned());
        Some(Act { action, object: of_hook(hook), before: Some(old), after: Some(new), note })
    }

    fn delete_hook(&self, by: &Actor, id: HookId, reason: &str) -> Option<Act> {
        let hook = &self.index.hook(id)?.hook;
        let act = || Act {
            note: Some(reason.to_owned()),
            ..deleted("hook.delete", of_hook(hook), hook_members(hook))
        };
        is_audited(by, hook).then(act)
    }
}

/// Returns true if making or deleting this hook is worth an entry. Apps and the server make and delete transient hooks
/// all the time, as part of a run.
fn is_audited(by: &Actor, hook: &Hook) -> bool {
    hook.lifetime == Lifetime::Persistent || !matches!(by.kind, ActorKind::App | ActorKind::System)
}

/// The action of a change of secrets, and which they are; `None` if it changes none.
fn secrets_act(before: &App, app: &App) -> Option<(&'static str, Option<String>)> {
    let pairs = CredentialKind::ALL.map(|kind| (kind, before.secrets.of(kind), app.secrets.of(kind)));
    let named = |differs: fn(&Rotating, &Rotating) -> bool| {
        let names: Vec<_> =
            pairs.iter().filter(|(_, old, new)| differs(old, new)).map(|(kind, ..)| kind.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = named(|old, new| old.current != new.current) {
        return Some(("app.rotate", Some(names + &ends(&pairs))));
    }
    if let Some(names) = named(|old, new| !old.previous.is_empty() && new.previous.is_empty()) {
        return Some(("app.end_overlap", Some(names)));
    }
    if let Some(names) = named(|old, new| last_end(old) != last_end(new)) {
        return Some(("app.extend_overlap", Some(names + &ends(&pairs))));
    }
    if let Some(names) = named(|old, new| old.previous != new.previous) {
        return Some(("app.use_new_secret", Some(names)));
    }
    let auth = |app: &App| app.receiver_auth.as_ref().map(|auth| auth.secret.clone());
    if auth(before) != auth(app) {
        return Some(("app.update", Some("the secret of `receiver_auth` was set".to_owned())));
    }
    (before.unseen != app.unseen).then_some(("app.show_secrets", None))
}

/// The time at which the last old value becomes invalid.
fn last_end(secret: &Rotating) -> Option<Millis> {
    secret.previous.iter().map(|old| old.until).max()
}

/// The end of the overlap that a change has set, in words. All kinds that it changes have the same.
fn ends(pairs: &[(CredentialKind, &Rotating, &Rotating)]) -> String {
    let changed = pairs.iter().filter(|(_, old, new)| old != new);
    let end = changed.filter_map(|(_, old, new)| match new.previous.first() {
        Some(first) if old.current != new.current => Some(first.until),
        _ => last_end(new),
    });
    match end.max() {
        Some(until) => format!("; the old value is valid until {until}"),
        None => "; no old value is valid any more".to_owned(),
    }
}

fn of_app(name: &AppName) -> AuditObject {
    AuditObject::new("app", name)
}

fn of_link(link: &Link) -> AuditObject {
    AuditObject::new("link", format_args!("{}/{}", link.host, link.miniapp))
}

fn of_hook(hook: &Hook) -> AuditObject {
    AuditObject::new("hook", hook.id)
}

/// The public members of an app, as the API shows them.
fn app_members(app: &App) -> Members {
    let package =
        app.package.as_deref().map(|package| json!({"path": package.path, "version": package.version}));
    members(json!({
        "enabled": app.enabled,
        "token_prefix": app.token_prefix,
        "receiver_url": app.receiver_url,
        "receiver_enabled": app.receiver_enabled,
        "receiver_auth": app.receiver_auth.as_ref().map(|auth| json!({"name": auth.name})),
        "url": app.url,
        "ca_file": app.ca_file,
        "miniapp_url": app.miniapp_url,
        "private": app.private.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "managed_by": app.origin.as_str(),
        "package": package,
    }))
}

fn link_members(link: &Link) -> Members {
    members(json!({"enabled": link.enabled, "managed_by": link.origin.as_str()}))
}

/// The public members of a hook, as the API shows them.
fn hook_members(hook: &Hook) -> Members {
    members(json!({
        "app": hook.app.to_string(),
        "pattern": hook.pattern.to_string(),
        "route": hook.route,
        "type": hook.kind.as_str(),
        "transient": hook.lifetime == Lifetime::Transient,
        "enabled": hook.enabled,
        "paused": hook.paused.as_ref().map(|pause| json!({"reason": pause.reason})),
        "managed_by": hook.origin.as_str(),
        "answer": hook.options.answer.as_str(),
        "in_flight": hook.options.in_flight,
        "ordered": hook.options.ordered,
    }))
}
