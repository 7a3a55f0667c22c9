//! Applying the configuration file at start: what it gives counts, what it leaves out stays, what it
//! no longer names is switched off.

use super::directory::Directory;
use super::index::HookIndex;
use super::spec::{AppSpec, FileSpec, HookSpec, LinkSpec, SecretSet};
use super::state::{ChangeError, Registry};
use footbridge_journal::Batch;
use footbridge_model::app::{App, Link, Unseen};
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::{Rotating, Secret};
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

impl Registry {
    /// Applies the file, giving warnings in words.
    pub(crate) async fn apply_file(&self, file: FileSpec) -> Result<Vec<String>, ChangeError> {
        let _turn = self.changing.lock().await;
        let mut warnings = Vec::new();
        self.apply_apps(file.apps).await?;
        self.apply_links(file.links).await?;
        self.apply_hooks(file.hooks, &mut warnings).await?;
        Ok(warnings)
    }

    /// Warnings of apps that were made before their names were reserved.
    pub(crate) fn reserved_names(&self) -> Vec<String> {
        let directory = self.directory.load();
        let reserved = directory.apps().map(|entry| &entry.app.name).filter(|name| name.is_reserved());
        reserved
            .map(|name| {
                format!(
                    "the app `{name}` has a name that is reserved by now, for it could be taken for the server itself; \
                     it goes on working: make one of another name, then remove this one"
                )
            })
            .collect()
    }

    /// All apps as one: tokens may move among them, and nothing is written unless all fit together.
    async fn apply_apps(&self, specs: Vec<AppSpec>) -> Result<(), ChangeError> {
        let before = self.directory.load_full();
        let mut apps: BTreeMap<AppName, (App, SecretSet)> = before
            .apps()
            .map(|entry| (entry.app.name.clone(), (self.unnamed(entry.app.clone()), SecretSet::default())))
            .collect();
        for spec in specs {
            let (app, files) = self.of_the_file(spec, &before)?;
            apps.insert(app.name.clone(), (app, files));
        }
        check_tokens(apps.values().map(|(app, _)| app), self.parts.clock.now())?;
        let known = |app: &App| {
            let same = |known: &App| known == app && known.name.is_written_like(&app.name);
            before.app(app.name.as_str()).is_some_and(|entry| same(&entry.app))
        };
        let changed: Vec<App> =
            apps.values().filter(|(app, _)| !known(app)).map(|(app, _)| app.clone()).collect();
        let names: Vec<AppName> = changed.iter().map(|app| app.name.clone()).collect();
        if !changed.is_empty() {
            self.parts.store.put_batch(Batch { apps: changed, ..Batch::default() }).await?;
        }
        let entries = apps.into_values().map(|(app, files)| self.entry(app, Some(files)));
        self.publish_directory(before.with(entries, before.links().cloned()), None);
        self.publish_index(|index, directory| {
            for name in &names {
                index.refresh(name, directory);
            }
        });
        Ok(())
    }

    /// An app as the file gives it; secrets that the file leaves out are kept.
    fn of_the_file(&self, spec: AppSpec, before: &Directory) -> Result<(App, SecretSet), ChangeError> {
        let given = (spec.token.clone(), spec.secret_key.clone(), spec.signing_secret.clone());
        let files = SecretSet {
            token: given.0.is_some(),
            secret_key: given.1.is_some(),
            signing_secret: given.2.is_some(),
        };
        let (mut app, _) = self.new_app(spec, Origin::File)?;
        if let Some(known) = before.app(app.name.as_str()) {
            let kept = &known.app;
            if kept.package.is_some() {
                return Err(ChangeError::Invalid {
                    member: "name",
                    why: format!(
                        "the app `{}` is installed from a directory; uninstall it first, or give this one another name",
                        kept.name
                    ),
                });
            }
            app.created_at = kept.created_at;
            app.generation = kept.generation;
            app.proof_epoch = kept.proof_epoch;
            app.unseen = Unseen {
                token: kept.unseen.token && !files.token,
                secret_key: kept.unseen.secret_key && !files.secret_key,
                signing_secret: kept.unseen.signing_secret && !files.signing_secret,
            };
            app.secrets.token = merge(&kept.secrets.token, given.0);
            app.secrets.secret_key = merge(&kept.secrets.secret_key, given.1);
            app.secrets.signing_secret = merge(&kept.secrets.signing_secret, given.2);
        }
        Ok((app, files))
    }

    /// An app without the file: what the file gave before is switched off, and from now on the operator's
    /// to change or to delete.
    fn unnamed(&self, app: App) -> App {
        match app.origin {
            Origin::File => {
                let proof_epoch = self.parts.ids.next(self.parts.clock.now());
                App { origin: Origin::Api, enabled: false, proof_epoch, ..app }
            }
            Origin::Api | Origin::Package => app,
        }
    }

    async fn apply_links(&self, links: Vec<LinkSpec>) -> Result<(), ChangeError> {
        let before = self.directory.load_full();
        let named: BTreeSet<_> = links.iter().map(|link| (&link.host, &link.miniapp)).collect();
        let vanished =
            |link: &&Link| link.origin == Origin::File && !named.contains(&(&link.host, &link.miniapp));
        let vanished: Vec<Link> = before.links().filter(vanished).cloned().collect();
        let store = &self.parts.store;
        let deleted: Vec<_> =
            vanished.iter().map(|link| store.delete_link(link.host.clone(), link.miniapp.clone())).collect();
        for deleted in deleted {
            deleted.await?;
        }
        // One whose app is not there yet waits for it.
        let changed: Vec<Link> = links
            .into_iter()
            .filter(|link| {
                let known = before.link(&link.host, &link.miniapp);
                known.is_none_or(|known| known.origin != Origin::File || known.enabled != link.enabled)
            })
            .map(|link| self.new_link(link, Origin::File))
            .collect();
        if !changed.is_empty() {
            store.put_batch(Batch { links: changed.clone(), ..Batch::default() }).await?;
        }
        let mut directory = Directory::clone(&before);
        vanished.iter().for_each(|link| directory.remove_link(&link.host, &link.miniapp));
        changed.into_iter().for_each(|link| directory.put_link(link));
        self.publish_directory(directory, None);
        Ok(())
    }

    async fn apply_hooks(&self, specs: Vec<HookSpec>, warnings: &mut Vec<String>) -> Result<(), ChangeError> {
        let index = self.index.load_full();
        let wanted: HashSet<Meaning<'_>> = specs.iter().map(meaning_of_spec).collect();
        // Hooks of an app that the file no longer names stay with it, for it may be named again.
        let directory = self.directory.load_full();
        let named = |hook: &Hook| {
            directory.app(hook.app.as_str()).is_some_and(|entry| entry.app.origin == Origin::File)
        };
        let vanished: Vec<_> = index
            .hooks()
            .map(|entry| &entry.hook)
            .filter(|hook| hook.origin == Origin::File && named(hook) && !wanted.contains(&meaning(hook)))
            .map(|hook| hook.id)
            .collect();
        if !vanished.is_empty() {
            self.drop_hooks(vanished, "hook removed from the configuration file").await?;
        }
        let known = known_hooks(&index);
        let mut changed = Vec::new();
        for spec in &specs {
            if let Err(error) = self.check_hook(spec) {
                // Its deliveries will say the same; the server starts all the same.
                warnings.push(format!("the hook `{}` of `{}`: {error}", spec.pattern, spec.app));
            }
            match known.get(&meaning_of_spec(spec)) {
                Some(hook) if hook.origin == Origin::File && hook.options == spec.options => {}
                Some(hook) => {
                    let options = spec.options;
                    changed.push(Hook { options, origin: Origin::File, ..Hook::clone(hook) });
                }
                None => changed.push(self.new_hook(spec.clone(), Lifetime::Persistent, Origin::File)),
            }
        }
        self.keep_hooks(changed).await
    }
}

/// What makes two hooks of the file the same: app, pattern, route and type.
type Meaning<'a> = (&'a AppName, &'a Pattern, &'a str, &'static str);

fn meaning(hook: &Hook) -> Meaning<'_> {
    (&hook.app, &hook.pattern, &hook.route, hook.kind.as_str())
}

fn meaning_of_spec(spec: &HookSpec) -> Meaning<'_> {
    (&spec.app, &spec.pattern, &spec.route, spec.kind.as_str())
}

/// The hooks that the file may mean: its own of before, else those of the API, which are the file's from now on.
fn known_hooks(index: &HookIndex) -> HashMap<Meaning<'_>, &Hook> {
    let mut known = HashMap::new();
    let persistent = |hook: &&Hook| hook.lifetime == Lifetime::Persistent;
    for hook in index.hooks().map(|entry| &entry.hook).filter(persistent) {
        let first = known.entry(meaning(hook)).or_insert(hook);
        if first.origin != Origin::File && hook.origin == Origin::File {
            *first = hook;
        }
    }
    known
}

/// A token says who calls, so no two apps may have it.
fn check_tokens<'a>(apps: impl Iterator<Item = &'a App>, now: Millis) -> Result<(), ChangeError> {
    let mut owners = HashMap::new();
    for app in apps.filter(|app| app.enabled) {
        for token in app.secrets.token.live(now) {
            if let Some(other) = owners.insert(token.digest(), &app.name)
                && *other != app.name
            {
                let why = format!(
                    "the apps `{other}` and `{}` have the same one; give one of them another, or switch it off",
                    app.name
                );
                return Err(ChangeError::Invalid { member: "token", why });
            }
        }
    }
    Ok(())
}

fn merge(kept: &Rotating, given: Option<Secret>) -> Rotating {
    match given {
        Some(given) if kept.current != given => Rotating::new(given),
        _ => kept.clone(),
    }
}
