//! Installed apps: a package becomes an app with its hooks, all of it or nothing.

use super::entry::AppEntry;
use super::index::HookEntry;
use super::spec::{AppSpec, HookSpec, SecretSet};
use super::state::{ChangeError, Registry};
use crate::registry::directory::Directory;
use footbridge_model::app::App;
use footbridge_model::hook::{Hook, HookOptions, HookType, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError, ManifestHook};
use footbridge_model::pattern::Pattern;
use std::sync::Arc;

/// Why the deliveries of hooks that a new package no longer has are cancelled.
const VANISHED: &str = "hook removed from the package";

/// Bolt's code for whatever is wrong with a `package.json`.
const BAD_PACKAGE: u16 = 418;

/// The events that the server itself acts on.
const OWN_EVENTS: [&str; 5] =
    ["app-deleted", "app-router-loaded", "app-started", "role-deleted", "user-deleted"];

/// What an installation came to.
pub(crate) struct Installed {
    pub(crate) entry: Arc<AppEntry>,
    pub(crate) hooks: Vec<Arc<HookEntry>>,
    pub(crate) replaced: bool,
}

/// Why a package was not installed.
pub(crate) enum Refused {
    /// It is installed already.
    Installed,
    /// Another kind of app has its name.
    NameTaken,
    /// One of its routers wants a place that is taken: the router, the root, whose it is.
    RootTaken(String, String, String),
    /// A rule of this server's refuses something in its package.
    Package(ManifestError),
    /// It breaks a rule, or could not be kept.
    Change(ChangeError),
}

impl<E: Into<ChangeError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Change(error.into())
    }
}

impl Registry {
    /// Keeps an app as its package describes it, in place of what was installed before.
    pub(crate) async fn install(&self, manifest: Manifest, replace: bool) -> Result<Installed, Refused> {
        let _turn = self.changing.lock().await;
        let known = self.app(&manifest.name).ok();
        match &known {
            Some(entry) if entry.app.package.is_none() => return Err(Refused::NameTaken),
            Some(_) if !replace => return Err(Refused::Installed),
            Some(_) | None => {}
        }
        self.check_roots(&manifest)?;
        let app = self.app_of(&manifest, known.as_deref())?;
        let specs: Vec<_> = manifest.hooks.into_iter().map(|hook| spec(&app.name, hook)).collect();
        self.check_specs(&app, &specs)?;
        let (hooks, gone) = self.plan(&app.name, specs);
        let name = app.name.clone();
        self.parts.store.put_installed(app.clone(), hooks.clone(), gone.clone(), VANISHED).await?;
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
        self.parts.lanes.stir(ids.iter().copied().chain(gone));
        let hooks = ids.iter().filter_map(|id| self.hook(*id).ok()).collect();
        Ok(Installed { entry: self.app(&name)?, hooks, replaced: known.is_some() })
    }

    /// Whether these may be an app's hooks; what is refused is told by the place in its package.
    fn check_specs(&self, app: &App, specs: &[HookSpec]) -> Result<(), Refused> {
        let file = app.package.as_deref().map(|package| format!("{}/package.json", package.path));
        let file = file.unwrap_or_default();
        let (count, most) = (specs.len(), self.parts.hooks_per_app);
        if count > most {
            let why = format!(
                "{file}: `bolt.hooks` has {count} hooks, and an app may have {most} at most (`[limits] hooks_per_app`)"
            );
            return Err(Refused::Package(ManifestError { code: BAD_PACKAGE, why }));
        }
        let entry = self.entry(app.clone(), None);
        for spec in specs {
            self.check_hook_of(spec, &entry).map_err(|error| match error {
                ChangeError::Invalid { member, why } => {
                    let why = format!("{file}: the `{member}` of the hook `{}`: {why}", spec.pattern);
                    Refused::Package(ManifestError { code: BAD_PACKAGE, why })
                }
                other => other.into(),
            })?;
        }
        Ok(())
    }

    /// Two routers at one place with one order: which would answer is anybody's guess.
    fn check_roots(&self, manifest: &Manifest) -> Result<(), Refused> {
        let directory = self.directory.load();
        for other in directory.apps().filter(|other| other.app.name != manifest.name) {
            let Some(package) = &other.app.package else { continue };
            for (theirs, there) in &package.routers {
                let same = |(_, wanted): &(&String, &footbridge_model::package::Router)| {
                    // As they are mounted, whatever the case.
                    wanted.root.eq_ignore_ascii_case(&there.root) && wanted.order == there.order
                };
                if let Some((router, wanted)) = manifest.package.routers.iter().find(same) {
                    let whose = format!("{}/{theirs}", other.app.name);
                    return Err(Refused::RootTaken(router.clone(), wanted.root.clone(), whose));
                }
            }
        }
        Ok(())
    }

    fn app_of(&self, manifest: &Manifest, known: Option<&AppEntry>) -> Result<App, ChangeError> {
        let package = Some(Box::new(manifest.package.clone()));
        let private = manifest.private.clone();
        let app = match known {
            Some(known) => known.app.clone(),
            None => self.new_app(AppSpec::named(manifest.name.clone()), Origin::Package)?.0,
        };
        Ok(App { package, private, ..app })
    }

    /// The hooks to keep, old ones by their ids, and those to end.
    fn plan(&self, app: &AppName, specs: Vec<HookSpec>) -> (Vec<Hook>, Vec<HookId>) {
        let index = self.index.load();
        let mut before: Vec<&Hook> =
            index.of(app).map(|entry| &entry.hook).filter(|hook| hook.origin == Origin::Package).collect();
        let same = |hook: &Hook, spec: &HookSpec| {
            hook.pattern == spec.pattern && hook.route == spec.route && hook.kind == spec.kind
        };
        // First those that lead where they led, then those that listen for the same: what waits follows them.
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
            // One that a 410 had switched off takes events again: the package is another.
            Some(hook) => Hook {
                route: spec.route,
                kind: spec.kind,
                options: spec.options,
                enabled: true,
                ..hook.clone()
            },
            None => self.new_hook(spec, Lifetime::Persistent, Origin::Package),
        };
        let hooks = specs.into_iter().zip(known).map(plan).collect();
        (hooks, before.into_iter().map(|hook| hook.id).collect())
    }

    /// Makes the server's own hooks: transient like an app's, listed like anyone's.
    pub(crate) async fn hold_own_hooks(&self) -> Result<(), ChangeError> {
        let _turn = self.changing.lock().await;
        for event in OWN_EVENTS {
            let spec = HookSpec {
                app: AppName::bolt(),
                pattern: Pattern::parse(&format!("bolt/{event}"))
                    .map_err(|error| ChangeError::Invalid { member: "pattern", why: error.to_string() })?,
                route: format!("x/bolt/hooks/bolt/{event}"),
                kind: HookType::Server,
                options: HookOptions::default(),
            };
            self.keep_new_hook(spec, Lifetime::Transient, Origin::Package).await?;
        }
        Ok(())
    }

    /// The server itself, as an app called `bolt`. Its secrets are nobody's.
    pub(super) fn server_entry(&self) -> Result<AppEntry, ChangeError> {
        let (app, _) = self.new_app(AppSpec::named(AppName::bolt()), Origin::Package)?;
        Ok(self.entry(app, None))
    }
}

fn spec(app: &AppName, hook: ManifestHook) -> HookSpec {
    let ManifestHook { pattern, route, kind, options } = hook;
    HookSpec { app: app.clone(), pattern, route, kind, options }
}
