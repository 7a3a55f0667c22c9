//! Applying the hooks of the configuration file: each hook of the file is matched with the stored hook that it means, so
//! that pending deliveries follow it.

use super::app_registry::{AppRegistry, ChangeLock};
use super::directory::Directory;
use super::entry::AppEntry;
use super::error::ChangeError;
use super::index::HookIndex;
use super::spec::HookSpec;
use footbridge_journal::RegistryChange;
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// The reason stored with deliveries that are cancelled because their hook was removed from the file.
const REMOVED_FROM_FILE: &str = "hook removed from the configuration file";

impl AppRegistry {
    pub(super) async fn apply_hooks(
        &self,
        lock: &ChangeLock<'_>,
        specs: Vec<HookSpec>,
        warnings: &mut Vec<String>,
    ) -> Result<(), ChangeError> {
        let index = self.index.load_full();
        let mut stored = StoredHooks::new(&index, &specs, &self.directory.load_full());
        for spec in &specs {
            if let Err(error) = self.check_hook(spec) {
                // The server starts nevertheless; the deliveries of the hook will fail with the same error.
                warnings.push(format!("the hook `{}` of `{}`: {error}", spec.pattern, spec.app));
            }
        }
        let (mut changed, mut unknown) = (Vec::new(), Vec::new());
        for spec in specs {
            match stored.same.get(&identity_of_spec(&spec)) {
                Some(hook) if hook.origin == Origin::File && hook.options == spec.options => {}
                Some(hook) => {
                    let options = spec.options;
                    changed.push(Hook { options, origin: Origin::File, ..Hook::clone(hook) });
                }
                None => match stored.take_moved(&spec) {
                    Some(hook) => {
                        let hook = with_file_route(hook, spec);
                        warnings.extend(still_disabled(&hook));
                        changed.push(hook);
                    }
                    None => unknown.push(spec),
                },
            }
        }
        let removed = stored.into_removed();
        if !removed.is_empty() {
            self.delete_hooks(lock, removed, REMOVED_FROM_FILE).await?;
        }
        let restored = self.restore(lock, &mut unknown).await?;
        let new = |spec| self.new_hook(spec, Lifetime::Persistent, Origin::File);
        changed.extend(unknown.into_iter().map(new));
        self.store_hooks(lock, changed).await?;
        self.options.lanes.wake(restored);
        Ok(())
    }

    /// Restores hooks that were removed from the file and are in it again, as long as deliveries refer to them: they get
    /// their old ids and their pending deliveries back. Takes them out of `specs` and returns their ids.
    async fn restore(
        &self,
        lock: &ChangeLock<'_>,
        specs: &mut Vec<HookSpec>,
    ) -> Result<Vec<HookId>, ChangeError> {
        if specs.is_empty() {
            return Ok(Vec::new());
        }
        let directory = self.directory.load_full();
        let mut deleted: HashMap<(AppName, Pattern), Vec<Hook>> = HashMap::new();
        for hook in self.options.store.deleted_hooks().await? {
            // Hooks of an earlier app of the same name do not count.
            let same_app = |entry: &Arc<AppEntry>| entry.app.created_at <= hook.created_at;
            if directory.app(hook.app.as_str()).is_some_and(same_app) {
                deleted.entry((hook.app.clone(), hook.pattern.clone())).or_default().push(hook);
            }
        }
        let mut restored = Vec::new();
        specs.retain(|spec| {
            let Some(hooks) = deleted.get_mut(&(spec.app.clone(), spec.pattern.clone())) else { return true };
            // Newest first. A hook with the same route is preferred.
            let place = hooks.iter().position(|hook| identity(hook) == identity_of_spec(spec)).unwrap_or(0);
            if hooks.is_empty() {
                return true;
            }
            restored.push(with_file_route(&hooks.remove(place), spec.clone()));
            false
        });
        if restored.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.options.clock.now();
        let (hooks, reason) = (restored.clone(), REMOVED_FROM_FILE);
        let version = self.store(lock, RegistryChange::RestoreHooks { hooks, reason, now }).await?;
        let ids = restored.iter().map(|hook| hook.id).collect();
        self.publish_index(|index, directory| {
            for hook in restored {
                index.put(hook, directory);
            }
        });
        self.options.store.set_version(version);
        Ok(ids)
    }
}

/// A stored hook with the route, type and options of the file. One that a 410 or an operator has disabled stays disabled.
fn with_file_route(hook: &Hook, spec: HookSpec) -> Hook {
    let HookSpec { app: _, pattern: _, route, kind, options } = spec;
    Hook { route, kind, options, origin: Origin::File, ..hook.clone() }
}

/// The warning that a hook stays disabled although the file gives it another route.
fn still_disabled(hook: &Hook) -> Option<String> {
    let Hook { id, app, pattern, .. } = hook;
    (!hook.enabled).then(|| {
        format!(
            "the hook `{pattern}` of `{app}` has a new route and is still disabled, so it gets no events: enable it with \
             `footbridge hook enable {id}`"
        )
    })
}

/// The stored hooks, for matching with the hooks of the file.
struct StoredHooks<'a> {
    /// Hooks by their identity.
    same: HashMap<HookIdentity<'a>, &'a Hook>,
    /// Hooks of earlier files that are not in this file, by app and pattern: they have moved or were removed.
    others: HashMap<(AppName, Pattern), VecDeque<&'a Hook>>,
}

impl<'a> StoredHooks<'a> {
    fn new(index: &'a HookIndex, specs: &[HookSpec], directory: &Directory) -> Self {
        let wanted: HashSet<HookIdentity<'_>> = specs.iter().map(identity_of_spec).collect();
        // An app that the file no longer names retains its hooks, because a later file may name it again.
        let is_named = |hook: &Hook| {
            directory.app(hook.app.as_str()).is_some_and(|entry| entry.app.origin == Origin::File)
        };
        let mut others: HashMap<_, VecDeque<_>> = HashMap::new();
        for hook in index.hooks().map(|entry| &entry.hook) {
            if hook.origin == Origin::File && is_named(hook) && !wanted.contains(&identity(hook)) {
                others.entry((hook.app.clone(), hook.pattern.clone())).or_default().push_back(hook);
            }
        }
        Self { same: persistent_hooks(index), others }
    }

    /// Takes a hook with the app and pattern of `spec` and another route.
    fn take_moved(&mut self, spec: &HookSpec) -> Option<&'a Hook> {
        self.others.get_mut(&(spec.app.clone(), spec.pattern.clone()))?.pop_front()
    }

    /// The ids of the hooks that were removed from the file, sorted.
    fn into_removed(self) -> Vec<HookId> {
        let mut ids: Vec<_> = self.others.into_values().flatten().map(|hook| hook.id).collect();
        ids.sort_unstable();
        ids
    }
}

/// Two hooks of the file are the same if these are equal: app, pattern, route and type.
type HookIdentity<'a> = (&'a AppName, &'a Pattern, &'a str, &'static str);

fn identity(hook: &Hook) -> HookIdentity<'_> {
    (&hook.app, &hook.pattern, &hook.route, hook.kind.as_str())
}

fn identity_of_spec(spec: &HookSpec) -> HookIdentity<'_> {
    (&spec.app, &spec.pattern, &spec.route, spec.kind.as_str())
}

/// The persistent hooks by identity. A hook of the file comes before the same hook of the API, which the file takes over
/// otherwise.
fn persistent_hooks(index: &HookIndex) -> HashMap<HookIdentity<'_>, &Hook> {
    let mut hooks = HashMap::new();
    let is_persistent = |hook: &&Hook| hook.lifetime == Lifetime::Persistent;
    for hook in index.hooks().map(|entry| &entry.hook).filter(is_persistent) {
        let first = hooks.entry(identity(hook)).or_insert(hook);
        if first.origin != Origin::File && hook.origin == Origin::File {
            *first = hook;
        }
    }
    hooks
}
