//! Changes of hooks.

use super::change::of_the_api;
use super::entry::AppEntry;
use super::index::HookEntry;
use super::spec::{HookChange, HookSpec};
use super::state::{ChangeError, Registry};
use crate::life::Run;
use footbridge_courier::{Grant, Target};
use footbridge_journal::RegistryBatch;
use footbridge_model::hook::{Hook, HookOptions, HookType, Lifetime, Origin, check_path, web_url};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::package::Package;
use std::sync::Arc;

impl Registry {
    /// Makes a hook, or gives the one the app already has with this pattern, route, type and lifetime.
    pub(crate) async fn add_hook(
        &self,
        spec: HookSpec,
        lifetime: Lifetime,
        origin: Origin,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let _turn = self.changing.lock().await;
        self.add_hook_in_turn(spec, lifetime, origin).await
    }

    /// Makes a transient hook for an app, which has this run when it is an installed one; `None` when that
    /// has ended since, for it would be left to the next.
    pub(crate) async fn add_transient(
        &self,
        spec: HookSpec,
        run: Option<&Run>,
    ) -> Result<Option<Arc<HookEntry>>, ChangeError> {
        let _turn = self.changing.lock().await;
        let entry = self.app(&spec.app)?;
        let current = entry.state.life.run();
        let lasts = current.as_deref().map(|run| run.running.run) == run.map(|run| run.running.run);
        if entry.app.package.is_some() && !lasts {
            return Ok(None);
        }
        self.add_hook_in_turn(spec, Lifetime::Transient, Origin::Api).await.map(Some)
    }

    async fn add_hook_in_turn(
        &self,
        spec: HookSpec,
        lifetime: Lifetime,
        origin: Origin,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        self.check_hook(&spec)?;
        if let Some(same) = self.same_hook(&spec, lifetime) {
            return Ok(same);
        }
        let held = self.index.load().count_of(&spec.app);
        if held >= self.parts.hooks_per_app {
            return Err(ChangeError::TooManyHooks(self.parts.hooks_per_app));
        }
        self.keep_new_hook(spec, lifetime, origin).await
    }

    pub(super) async fn keep_new_hook(
        &self,
        spec: HookSpec,
        lifetime: Lifetime,
        origin: Origin,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        self.keep_hook(self.new_hook(spec, lifetime, origin)).await
    }

    /// Keeps hooks in one transaction and shows them to readers at once.
    pub(super) async fn keep_hooks(&self, hooks: Vec<Hook>) -> Result<(), ChangeError> {
        if hooks.is_empty() {
            return Ok(());
        }
        let kept = RegistryBatch { hooks: hooks.clone(), ..RegistryBatch::default() };
        self.parts.store.put_batch(kept).await?;
        // Nothing waits for a hook that was not there before.
        let known = self.index.load_full();
        let changed: Vec<_> =
            hooks.iter().map(|hook| hook.id).filter(|id| known.hook(*id).is_some()).collect();
        self.publish_index(|index, directory| hooks.into_iter().for_each(|hook| index.put(hook, directory)));
        self.parts.lanes.stir(changed);
        Ok(())
    }

    pub(super) fn new_hook(&self, spec: HookSpec, lifetime: Lifetime, origin: Origin) -> Hook {
        let now = self.parts.clock.now();
        Hook {
            id: HookId::from_number(self.parts.ids.next(now)),
            app: spec.app,
            pattern: spec.pattern,
            route: spec.route,
            kind: spec.kind,
            lifetime,
            origin,
            enabled: true,
            created_at: now,
            options: spec.options,
        }
    }

    pub(super) async fn keep_hook(&self, hook: Hook) -> Result<Arc<HookEntry>, ChangeError> {
        let id = hook.id;
        self.parts.store.put_hook(hook.clone()).await?;
        self.publish_index(|index, directory| index.put(hook, directory));
        self.parts.lanes.stir([id]);
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

    /// Whether a hook may be made: its route fits its type, and a literal address in it is not refused.
    pub(crate) fn check_hook(&self, spec: &HookSpec) -> Result<(), ChangeError> {
        self.check_hook_of(spec, &*self.app(&spec.app)?)
    }

    /// The same for an app that need not be kept yet.
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
                    let granted = Grant::opened(&entry.grants, &target);
                    self.parts
                        .courier
                        .policy()
                        .judge_literal(&target, granted)
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

    /// Changes a hook. It keeps its id, and so what waits for it: attempts under way end at the address where
    /// they began, all others go where it leads from now on. A hook of the file may be switched on and off, and
    /// nothing else: a 410 switches it off for good, past every restart, and only this brings it back.
    pub(crate) async fn change_hook(
        &self,
        id: HookId,
        change: HookChange,
    ) -> Result<Arc<HookEntry>, ChangeError> {
        let _turn = self.changing.lock().await;
        let mut hook = self.hook(id)?.hook.clone();
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
        hook.enabled = change.enabled.unwrap_or(hook.enabled);
        self.keep_hook(hook).await
    }

    /// Whether the API may change a hook.
    fn may_change(&self, hook: &Hook) -> Result<(), ChangeError> {
        // The hooks of an app that the file no longer names are no longer the file's either.
        if self.app(&hook.app)?.app.origin == Origin::Api {
            return Ok(());
        }
        of_the_api(hook.origin, || format!("the hook {}", hook.id))
    }

    /// Removes a hook that the file does not give; its pending deliveries become cancelled.
    pub(crate) async fn remove_hook(&self, id: HookId) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        self.may_change(&self.hook(id)?.hook)?;
        self.drop_hooks(vec![id], "hook deleted").await
    }

    /// Removes hooks, whoever made them; their pending deliveries become cancelled.
    pub(crate) async fn drop_hooks(&self, ids: Vec<HookId>, reason: &'static str) -> Result<(), ChangeError> {
        let before = self.index.load_full();
        // Unseen first: an event published meanwhile no longer picks them.
        self.publish_index(|index, _| ids.iter().for_each(|id| index.remove(*id)));
        let dropped = self.parts.store.delete_hooks(ids.clone(), reason).await;
        if dropped.is_err() {
            // They are still kept, and so is what is pending for them.
            let hooks = ids.iter().filter_map(|id| Some(before.hook(*id)?.hook.clone()));
            self.publish_index(|index, directory| hooks.for_each(|hook| index.put(hook, directory)));
        }
        self.parts.lanes.stir(ids);
        Ok(dropped?)
    }

    /// Removes the transient hooks of an app that `wanted` picks, giving them.
    pub(crate) async fn remove_transient(
        &self,
        app: &AppName,
        wanted: impl Fn(&Hook) -> bool,
        reason: &'static str,
    ) -> Result<Vec<Arc<HookEntry>>, ChangeError> {
        let _turn = self.changing.lock().await;
        let index = self.index.load_full();
        let picked =
            |entry: &&Arc<HookEntry>| entry.hook.lifetime == Lifetime::Transient && wanted(&entry.hook);
        let gone: Vec<_> = index.of(app).filter(picked).cloned().collect();
        if !gone.is_empty() {
            self.drop_hooks(gone.iter().map(|entry| entry.hook.id).collect(), reason).await?;
        }
        Ok(gone)
    }

    /// A receiver said 410: its hook takes no more events, a transient one is gone.
    pub(crate) async fn end_hook(&self, id: HookId) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        let Ok(entry) = self.hook(id) else { return Ok(()) };
        if entry.hook.lifetime == Lifetime::Transient {
            return self.drop_hooks(vec![id], "hook gone").await;
        }
        let mut hook = entry.hook.clone();
        hook.enabled = false;
        self.keep_hook(hook).await.map(drop)
    }
}
