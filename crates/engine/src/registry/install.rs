//! Installing packages: a package becomes an app with its hooks, all or nothing.

use super::app_registry::AppRegistry;
use super::directory::Directory;
use super::entry::AppEntry;
use super::error::ChangeError;
use super::index::HookEntry;
use super::spec::{AppSpec, HookSpec, SecretSet};
use footbridge_journal::RegistryChange;
use footbridge_model::app::App;
use footbridge_model::audit::Actor;
use footbridge_model::hook::{Hook, HookOptions, HookType, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError, ManifestHook, ManifestProblem};
use footbridge_model::pattern::Pattern;
use std::sync::Arc;

/// The reason stored with deliveries that are cancelled because the new package no longer has their hook.
const REMOVED_FROM_PACKAGE: &str = "hook removed from the package";

/// The events that the server itself subscribes to.
const OWN_EVENTS: [&str; 5] =
    ["app-deleted", "app-router-loaded", "app-started", "role-deleted", "user-deleted"];

/// An app that was installed.
pub(crate) struct Installed {
    pub(crate) entry: Arc<AppEntry>,
    pub(crate) hooks: Vec<Arc<HookEntry>>,
    pub(crate) replaced: bool,
}

/// The reason why a package was not installed.
pub(crate) enum InstallRefusal {
    /// An app of this name is installed already.
    Installed,
    /// An app that was not installed from a directory has this name.
    NameTaken,
    /// Another app has a router with the same path and order: the router, its path, the other router.
    RootTaken(String, String, String),
    /// The package breaks a rule of this server.
    Package(ManifestError),
    /// The registry refused the change or could not store it.
    Change(ChangeError),
}

impl<E: Into<ChangeError>> From<E> for InstallRefusal {
    fn from(error: E) -> Self {
        Self::Change(error.into())
    }
}

impl AppRegistry {
    /// Stores the app that a package describes, and replaces the installed app of the same name.
    pub(crate) async fn install(
        &self,
        by: &Actor,
        manifest: Manifest,
        replace: bool,
    ) -> Result<Installed, InstallRefusal> {
        let lock = &self.lock_changes(by).await?;
        let known = self.app(&manifest.name).ok();
        match &known {
            Some(entry) if entry.app.package.is_none() => return Err(InstallRefusal::NameTaken),
            Some(_) if !replace => return Err(InstallRefusal::Installed),
            Some(_) | None => {}
        }
        self.check_roots(&manifest)?;
        let app = self.app_from_manifest(by, &manifest, known.as_deref())?;
        let specs: Vec<_> = manifest.hooks.into_iter().map(|hook| spec(&app.name, hook)).collect();
        self.check_specs(&app, &specs)?;
        let (hooks, gone) = self.plan(&app.name, specs);
        let name = app.name.clone();
        let change = RegistryChange::Install {
            app: Box::new(app.clone()),
            hooks: hooks.clone(),
            gone: gone.clone(),
            reason: REMOVED_FROM_PACKAGE,
        };
        let version = self.store(lock, change).await?;
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_app(self.entry(app, Some(SecretSet::default())));
        self.publish_directory(directory, Some(&name));
        let ids: Vec<HookId> = hooks.iter().map(|hook| hook.id).collect();
        self.publish_index(|index, directory| {
            for id in &gone {
                index.remove(*id);
            }
            for hook in hooks {
                index.put(hook, directory);
            }
        });
        self.options.store.set_version(version);
        self.options.lanes.wake(ids.iter().copied().chain(gone));
        let hooks = ids.iter().filter_map(|id| self.hook(*id).ok()).collect();
        Ok(Installed { entry: self.app(&name)?, hooks, replaced: known.is_some() })
    }

    /// Checks that an app may have these hooks. Errors name the place in the package.
    fn check_specs(&self, app: &App, specs: &[HookSpec]) -> Result<(), InstallRefusal> {
        let file = app.package.as_deref().map(|package| format!("{}/package.json", package.path));
        let file = file.unwrap_or_default();
        let (count, most) = (specs.len(), self.options.hooks_per_app);
        if count > most {
            let why = format!(
                "{file}: `bolt.hooks` has {count} hooks, and an app may have {most} at most (`[limits] hooks_per_app`)"
            );
            return Err(InstallRefusal::Package(bad_package(why)));
        }
        let entry = self.entry(app.clone(), None);
        for spec in specs {
            self.check_hook_of(spec, &entry).map_err(|error| match error {
                ChangeError::Invalid { member, why } => {
                    let why = format!("{file}: the `{member}` of the hook `{}`: {why}", spec.pattern);
                    InstallRefusal::Package(bad_package(why))
                }
                other => other.into(),
            })?;
        }
        Ok(())
    }

    /// Refuses a router with the path and order of another app's router: it would be unclear which of them answers.
    fn check_roots(&self, manifest: &Manifest) -> Result<(), InstallRefusal> {
        let directory = self.directory.load();
        for other in directory.apps().filter(|other| other.app.name != manifest.name) {
            let Some(package) = &other.app.package else { continue };
            for (theirs, there) in &package.routers {
                let same = |(_, wanted): &(&String, &footbridge_model::package::Router)| {
                    // Paths are matched without case.
                    wanted.root.eq_ignore_ascii_case(&there.root) && wanted.order == there.order
                };
                if let Some((router, wanted)) = manifest.package.routers.iter().find(same) {
                    let whose = format!("{}/{theirs}", other.app.name);
                    return Err(InstallRefusal::RootTaken(router.clone(), wanted.root.clone(), whose));
                }
            }
        }
        Ok(())
    }

    fn app_from_manifest(
        &self,
        by: &Actor,
        manifest: &Manifest,
        known: Option<&AppEntry>,
    ) -> Result<App, ChangeError> {
        let package = Some(Box::new(manifest.package.clone()));
        let private = manifest.private.clone();
        let app = match known {
            Some(known) => known.app.clone(),
            None => self.new_app(by, AppSpec::named(manifest.name.clone()), Origin::Package)?.0,
        };
        Ok(App { package, private, ..app })
    }

    /// The hooks to store, which retain their ids where possible, and the ids of the hooks to delete.
    fn plan(&self, app: &AppName, specs: Vec<HookSpec>) -> (Vec<Hook>, Vec<HookId>) {
        let index = self.index.load();
        let mut before: Vec<&Hook> =
            index.of(app).map(|entry| &entry.hook).filter(|hook| hook.origin == Origin::Package).collect();
        let same = |hook: &Hook, spec: &HookSpec| {
            hook.pattern == spec.pattern && hook.route == spec.route && hook.kind == spec.kind
        };
        // Hooks with the same route first, then hooks with the same pattern: pending deliveries follow the hook.
        let mut known: Vec<Option<&Hook>> = Vec::with_capacity(specs.len());
        for spec in &specs {
            let place = before.iter().position(|hook| same(hook, spec));
            known.push(place.map(|place| before.remove(place)));
        }
        for (spec, known) in specs.iter().zip(&mut known).filter(|(_, known)| known.is_none()) {
            let place = before.iter().position(|hook| hook.pattern == spec.pattern);
            *known = place.map(|place| before.remove(place));
        }
        let plan = |(spec, known): (HookSpec, Option<&Hook>)| match known {
            // A hook that a 410 has switched off is switched on again, because the package is a new one.
            Some(hook) => Hook {
                route: spec.route,
                kind: spec.kind,
                options: spec.options,
                enabled: true,
                off: None,
                ..hook.clone()
            },
            None => self.new_hook(spec, Lifetime::Persistent, Origin::Package),
        };
        let hooks = specs.into_iter().zip(known).map(plan).collect();
        (hooks, before.into_iter().map(|hook| hook.id).collect())
    }

    /// Makes the server's own hooks. They are transient and listed like all others.
    pub(crate) async fn add_server_hooks(&self) -> Result<(), ChangeError> {
        let by = Actor::system();
        let lock = &self.lock_changes(&by).await?;
        for event in OWN_EVENTS {
            let spec = HookSpec {
                app: AppName::bolt(),
                pattern: Pattern::parse(&format!("bolt/{event}"))
                    .map_err(|error| ChangeError::Invalid { member: "pattern", why: error.to_string() })?,
                route: format!("x/bolt/hooks/bolt/{event}"),
                kind: HookType::Server,
                options: HookOptions::default(),
            };
            // Another server may have made it.
            if self.same_hook(&spec, Lifetime::Transient).is_none() {
                self.store_new_hook(lock, spec, Lifetime::Transient, Origin::Package).await?;
            }
        }
        Ok(())
    }

    /// The server itself, as an app called `bolt`. Nobody knows its secrets.
    pub(super) fn server_entry(&self) -> Result<AppEntry, ChangeError> {
        let (app, _) = self.new_app(&Actor::system(), AppSpec::named(AppName::bolt()), Origin::Package)?;
        Ok(self.entry(app, None))
    }
}

fn bad_package(why: String) -> ManifestError {
    ManifestError { problem: ManifestProblem::BadPackage, why }
}

fn spec(app: &AppName, hook: ManifestHook) -> HookSpec {
    let ManifestHook { pattern, route, kind, options } = hook;
    HookSpec { app: app.clone(), pattern, route, kind, options }
}
