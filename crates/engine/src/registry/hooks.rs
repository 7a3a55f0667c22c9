//! Adding, changing and deleting hooks.

use super::app_registry::{AppRegistry, ChangeLock};
use super::entry::AppEntry;
use super::error::{ChangeError, require_api_origin};
use super::index::HookEntry;
use super::spec::{HookChange, HookSpec};
use crate::app_phase::Run;
use footbridge_courier::{Grant, Target};
use footbridge_journal::RegistryChange;
use footbridge_model::audit::Actor;
use footbridge_model::hook::{Hook, HookOptions, HookType, Lifetime, Origin, check_path, web_url};
use footbridge_model::hook_state::{Pause, SwitchedOff};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::package::Package;
use std::sync::Arc;

impl AppRegistry {
    /// Makes a hook. Returns the existing hook if the app has one with the same pattern, route, type, options and
    /// lifetime.
    pub(crate) async fn add_hook(
        &self,
        by: &Actor,
        spec: HookSpec,
        lifetime: Lifetime,
        origin: Origin,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        self.add_hook_locked(lock, spec, lifetime, origin).await
    }

    /// Makes a transient hook for an app. `run` is the run of an installed app that asks for it. Returns `None` if that
    /// run is over: the hook would belong to the next run.
    pub(crate) async fn add_transient(
        &self,
        spec: HookSpec,
        run: Option<&Run>,
    ) -> Result<Option<Arc<HookEntry>>, ChangeError> {
        let by = Actor::app(&spec.app);
        let lock = &self.lock_changes(&by).await?;
        let entry = self.app(&spec.app)?;
        let current = entry.state.lifecycle.run();
        let lasts = current.as_deref().map(|run| run.running.run) == run.map(|run| run.running.run);
        if entry.app.package.is_some() && !lasts {
            return Ok(None);
        }
        self.add_hook_locked(lock, spec, Lifetime::Transient, Origin::Api).await.map(Some)
    }

    async fn add_hook_locked(
        &self,
        lock: &ChangeLock<'_>,
        spec: HookSpec,
        lifetime: Lifetime,
        origin: Origin,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        self.check_hook(&spec)?;
        if let Some(same) = self.same_hook(&spec, lifetime) {
            return Ok(same);
        }
        let count = self.index.load().count_of(&spec.app);
        if count >= self.options.hooks_per_app {
            return Err(ChangeError::TooManyHooks(self.options.hooks_per_app));
        }
        self.store_new_hook(lock, spec, lifetime, origin).await
    }

    pub(super) async fn store_new_hook(
        &self,
        lock: &ChangeLock<'_>,
        spec: HookSpec,
        lifetime: Lifetime,
        origin: Origin,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        self.store_hook(lock, self.new_hook(spec, lifetime, origin)).await
    }

    /// Stores hooks in one transaction and publishes them to readers together.
    pub(super) async fn store_hooks(
        &self,
        lock: &ChangeLock<'_>,
        hooks: Vec<Hook>,
    ) -> Result<(), ChangeError> {
        if hooks.is_empty() {
            return Ok(());
        }
        let version = self.store(lock, RegistryChange::hooks(hooks.clone())).await?;
        // A new hook has no pending deliveries.
        let known = self.index.load_full();
        let changed: Vec<_> =
            hooks.iter().map(|hook| hook.id).filter(|id| known.hook(*id).is_some()).collect();
        self.publish_index(|index, directory| hooks.into_iter().for_each(|hook| index.put(hook, directory)));
        self.options.store.set_version(version);
        self.options.lanes.wake(changed);
        Ok(())
    }

    pub(super) fn new_hook(&self, spec: HookSpec, lifetime: Lifetime, origin: Origin) -> Hook {
        let now = self.options.clock.now();
        Hook {
            id: HookId::from_number(self.options.ids.next(now)),
            app: spec.app,
            pattern: spec.pattern,
            route: spec.route,
            kind: spec.kind,
            lifetime,
            origin,
            enabled: true,
            created_at: now,
            options: spec.options,
            paused: None,
            off: None,
        }
    }

    /// A hook that is assumed, and not made.
    pub(crate) fn assumed_hook(&self, spec: &HookSpec) -> Hook {
        self.new_hook(spec.clone(), Lifetime::Persistent, Origin::Api)
    }

    pub(super) async fn store_hook(
        &self,
        lock: &ChangeLock<'_>,
        hook: Hook,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let id = hook.id;
        let version = self.store(lock, RegistryChange::hooks(vec![hook.clone()])).await?;
        self.publish_index(|index, directory| index.put(hook, directory));
        self.options.store.set_version(version);
        self.options.lanes.wake([id]);
        self.hook(id)
    }

    pub(super) fn same_hook(&self, spec: &HookSpec, lifetime: Lifetime) -> Option<Arc<HookEntry>> {
        let index = self.index.load();
        let same = |entry: &&Arc<HookEntry>| {
            let hook = &entry.hook;
            hook.lifetime == lifetime
                && hook.route == spec.route
                && hook.kind == spec.kind
                && hook.options == spec.options
        };
        index.of_pattern(&spec.app, &spec.pattern).find(same).cloned()
    }

    /// Checks that a hook may be made: its route fits its type, and the policy allows a literal address in it.
    pub(crate) fn check_hook(&self, spec: &HookSpec) -> Result<(), ChangeError> {
        self.check_hook_of(spec, &*self.app(&spec.app)?)
    }

    /// Like [`Self::check_hook`], for an app that need not be stored yet.
    pub(super) fn check_hook_of(&self, spec: &HookSpec, entry: &AppEntry) -> Result<(), ChangeError> {
        let package = entry.app.package.as_deref();
        let invalid = |member, why: String| Err(ChangeError::Invalid { member, why });
        match spec.kind {
            HookType::Function => match package.map(|package| package.functions.contains_key(&spec.route)) {
                Some(true) => Ok(()),
                Some(false) => {
                    invalid("route", format!("the app `{}` has no function `{}`", spec.app, spec.route))
                }
                None => {
                    invalid("type", "`function` hooks belong to apps installed from a directory".to_owned())
                }
            },
            HookType::Router => {
                check_path(spec.kind, &spec.route).or_else(|error| invalid("route", error.to_string()))
            }
            HookType::Server => match check_path(spec.kind, &spec.route) {
                Err(error) => invalid("route", error.to_string()),
                Ok(()) if package.is_some_and(Package::is_module) => invalid(
                    "type",
                    format!(
                        "`{}` is a module without a server; use a `router`, `web` or `function` hook",
                        spec.app
                    ),
                ),
                Ok(()) if entry.app.url.is_none() && package.is_none() => invalid(
                    "type",
                    format!("the app `{}` has no `url`, so it may hold no `server` hooks", spec.app),
                ),
                Ok(()) => Ok(()),
            },
            HookType::Web => {
                let target = web_url(&spec.route).map_err(|error| error.to_string());
                let target = target.and_then(|url| Target::parse(&url).map_err(|error| error.to_string()));
                let judged = target.and_then(|target| {
                    let granted = Grant::opened_by(&entry.grants, &target);
                    self.options
                        .courier
                        .policy()
                        .check_target(&target, granted)
                        .map_err(|refusal| refusal.to_string())
                });
                judged.or_else(|why| invalid("route", why))
            }
        }
    }

    /// The hook of this id.
    pub(crate) fn hook(&self, id: HookId) -> Result<Arc<HookEntry>, ChangeError> {
        self.index.load().hook(id).cloned().ok_or(ChangeError::NotFound("hook"))
    }

    /// Changes a hook. The hook keeps its id and its pending deliveries. Attempts in progress end at the old address, all
    /// others use the new one. A hook of the file can only be switched on and off: a 410 switches a hook off, also across
    /// restarts, and this is the only way to switch it on again. Who did it is stored with a hook that is switched off.
    pub(crate) async fn change_hook(
        &self,
        by: &Actor,
        id: HookId,
        change: HookChange,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let mut hook = self.hook(id)?.hook.clone();
        if hook.app == AppName::bolt() {
            return Err(ChangeError::OfServer(id));
        }
        if change != (HookChange { enabled: change.enabled, ..HookChange::default() }) {
            self.may_change(&hook)?;
            let HookOptions { answer, in_flight, ordered } = hook.options;
            hook.options = HookOptions {
                answer: change.answer.unwrap_or(answer),
                in_flight: change.in_flight.unwrap_or(in_flight),
                ordered: change.ordered.unwrap_or(ordered),
            };
            hook.route = change.route.unwrap_or(hook.route);
            hook.kind = change.kind.unwrap_or(hook.kind);
            let spec = HookSpec {
                app: hook.app.clone(),
                pattern: hook.pattern.clone(),
                route: hook.route.clone(),
                kind: hook.kind,
                options: hook.options,
            };
            self.check_hook(&spec)?;
            if let Some(same) = self.same_hook(&spec, hook.lifetime).filter(|same| same.hook.id != id) {
                let text = format!("the app has such a hook already: {}", same.hook.id);
                return Err(ChangeError::Exists(text));
            }
        }
        if let Some(enabled) = change.enabled.filter(|enabled| *enabled != hook.enabled) {
            hook.enabled = enabled;
            let off = SwitchedOff { at: self.options.clock.now(), by: Some(lock.by.name.clone()) };
            hook.off = Some(off).filter(|_| !enabled);
        }
        self.store_hook(lock, hook).await
    }

    /// Pauses the lane of a hook, or resumes it with `None`. A hook of any origin can be paused. Attempts in flight end
    /// normally.
    pub(crate) async fn pause_hook(
        &self,
        by: &Actor,
        id: HookId,
        pause: Option<Pause>,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.hook(id)?;
        if entry.hook.paused.is_none() && pause.is_none() {
            return Ok(entry);
        }
        let hook = Hook { paused: pause, ..entry.hook.clone() };
        self.store_hook(lock, hook).await
    }

    /// Checks that the API may change a hook.
    fn may_change(&self, hook: &Hook) -> Result<(), ChangeError> {
        // If the file no longer names the app, the API manages the hooks of the app too.
        if self.app(&hook.app)?.app.origin == Origin::Api {
            return Ok(());
        }
        require_api_origin(hook.origin, || format!("the hook {}", hook.id))
    }

    /// Deletes a hook that neither the file nor a package defines, and cancels its pending deliveries.
    pub(crate) async fn remove_hook(&self, by: &Actor, id: HookId) -> Result<(), ChangeError> {
        let lock = &self.lock_changes(by).await?;
        self.may_change(&self.hook(id)?.hook)?;
        self.delete_hooks(lock, vec![id], "hook deleted").await
    }

    /// Deletes hooks of any origin and cancels their pending deliveries.
    pub(super) async fn delete_hooks(
        &self,
        lock: &ChangeLock<'_>,
        ids: Vec<HookId>,
        reason: &'static str,
    ) -> Result<(), ChangeError> {
        let before = self.index.load_full();
        let change = RegistryChange::DeleteHooks { hooks: ids.clone(), reason };
        let audit = self.audit(lock.by, &change);
        // Removed from the index first: events that are published in the meantime no longer match them.
        self.publish_index(|index, _| ids.iter().for_each(|id| index.remove(*id)));
        let deleted = self.options.store.apply(change, audit).await;
        if let Ok(version) = &deleted {
            self.options.store.set_version(*version);
        } else {
            // They are still stored, with their pending deliveries.
            let hooks = ids.iter().filter_map(|id| Some(before.hook(*id)?.hook.clone()));
            self.publish_index(|index, directory| hooks.for_each(|hook| index.put(hook, directory)));
        }
        self.options.lanes.wake(ids);
        Ok(deleted.map(drop)?)
    }

    /// Deletes the transient hooks of an app that match `wanted`, and returns them.
    pub(crate) async fn remove_transient(
        &self,
        app: &AppName,
        wanted: impl Fn(&Hook) -> bool,
        reason: &'static str,
    ) -> Result<Vec<Arc<HookEntry>>, ChangeError> {
        let by = Actor::app(app);
        let lock = &self.lock_changes(&by).await?;
        let index = self.index.load_full();
        let picked =
            |entry: &&Arc<HookEntry>| entry.hook.lifetime == Lifetime::Transient && wanted(&entry.hook);
        let removed: Vec<_> = index.of(app).filter(picked).cloned().collect();
        if !removed.is_empty() {
            self.delete_hooks(lock, removed.iter().map(|entry| entry.hook.id).collect(), reason).await?;
        }
        Ok(removed)
    }

    /// Handles a 410 of a receiver: switches its hook off, or deletes it if it is transient.
    pub(crate) async fn end_hook(&self, id: HookId) -> Result<(), ChangeError> {
        let by = Actor::system();
        let lock = &self.lock_changes(&by).await?;
        let Ok(entry) = self.hook(id) else { return Ok(()) };
        if entry.hook.lifetime == Lifetime::Transient {
            return self.delete_hooks(lock, vec![id], "hook gone").await;
        }
        let mut hook = entry.hook.clone();
        if hook.enabled {
            hook.off = Some(SwitchedOff { at: self.options.clock.now(), by: None });
        }
        hook.enabled = false;
        self.store_hook(lock, hook).await.map(drop)
    }
}
