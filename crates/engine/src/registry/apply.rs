//! Applying the configuration file at start: what it gives counts, what it leaves out stays, what it
//! no longer names is switched off.

use super::directory::Directory;
use super::entry::AppEntry;
use super::index::HookIndex;
use super::seen;
use super::spec::{AppSpec, FileSpec, HookSpec, LinkSpec, SecretSet};
use super::state::{ChangeError, Registry};
use footbridge_journal::RegistryBatch;
use footbridge_model::app::{App, Link, Unseen};
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::{Rotating, Secret};
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

impl Registry {
    /// Applies the file, giving warnings in words.
    pub(crate) async fn apply_file(&self, file: FileSpec) -> Result<Vec<String>, ChangeError> {
        let _turn = self.changing.lock().await;
        let mut warnings = Vec::new();
        self.check_file(&file)?;
        warnings.extend(self.taken_out(&file.apps));
        if file.path.is_some() && file.path != self.parts.config_file {
            self.parts
                .store
                .put_batch(RegistryBatch { config_file: file.path, ..RegistryBatch::default() })
                .await?;
        }
        warnings.extend(self.apply_apps(file.apps).await?);
        self.apply_links(file.links).await?;
        self.apply_hooks(file.hooks, &mut warnings).await?;
        Ok(warnings)
    }

    /// Refuses a start without the file that the apps and links of before came from: it would switch all of them off.
    fn check_file(&self, file: &FileSpec) -> Result<(), ChangeError> {
        let nothing = file.path.is_none() && file.apps.is_empty() && file.links.is_empty();
        if !nothing || file.left_out {
            return Ok(());
        }
        let directory = self.directory.load();
        let of_file = directory.apps().map(|entry| &entry.app).filter(|app| app.origin == Origin::File);
        let mut what: Vec<String> = of_file.map(|app| format!("the app `{}`", app.name)).collect();
        let links = directory.links().filter(|link| link.origin == Origin::File);
        what.extend(links.map(|link| format!("the link of `{}` and `{}`", link.host, link.miniapp)));
        if what.is_empty() {
            return Ok(());
        }
        Err(ChangeError::FileLeftOut { what: listed(&what), file: self.parts.config_file.clone() })
    }

    /// A warning of the apps that the file named before and no longer names.
    fn taken_out(&self, specs: &[AppSpec]) -> Option<String> {
        let named: HashSet<&AppName> = specs.iter().map(|spec| &spec.name).collect();
        let directory = self.directory.load();
        let gone = directory.apps().map(|entry| &entry.app);
        let gone = gone.filter(|app| app.origin == Origin::File && !named.contains(&app.name));
        let gone: Vec<String> = gone.map(|app| format!("`{}`", app.name)).collect();
        (!gone.is_empty()).then(|| {
            format!(
                "no longer in the configuration file and so switched off: {}; put them back there, or switch them on or delete them over the API",
                listed(&gone)
            )
        })
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
    async fn apply_apps(&self, specs: Vec<AppSpec>) -> Result<Vec<String>, ChangeError> {
        let before = self.directory.load_full();
        let mut apps: BTreeMap<AppName, (App, SecretSet)> = before
            .apps()
            .map(|entry| (entry.app.name.clone(), (self.unnamed(entry.app.clone()), SecretSet::default())))
            .collect();
        for spec in specs {
            let (app, files) = self.of_the_file(spec, &before)?;
            apps.insert(app.name.clone(), (app, files));
        }
        let warnings = self.look_at_new(&mut apps).await;
        check_tokens(apps.values().map(|(app, _)| app), self.parts.clock.now())?;
        let known = |app: &App| {
            let same = |known: &App| known == app && known.name.is_written_like(&app.name);
            before.app(app.name.as_str()).is_some_and(|entry| same(&entry.app))
        };
        let changed: Vec<App> =
            apps.values().filter(|(app, _)| !known(app)).map(|(app, _)| app.clone()).collect();
        let names: Vec<AppName> = changed.iter().map(|app| app.name.clone()).collect();
        if !changed.is_empty() {
            self.parts.store.put_batch(RegistryBatch { apps: changed, ..RegistryBatch::default() }).await?;
        }
        let entries = apps.into_values().map(|(app, files)| self.entry(app, Some(files)));
        self.publish_directory(before.with(entries, before.links().cloned()), None);
        self.publish_index(|index, directory| {
            for name in &names {
                index.refresh(name, directory);
            }
        });
        Ok(warnings)
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
            app.host_classes = seen::kept(&app, kept);
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
            store.put_batch(RegistryBatch { links: changed.clone(), ..RegistryBatch::default() }).await?;
        }
        let mut directory = Directory::clone(&before);
        for link in &vanished {
            directory.remove_link(&link.host, &link.miniapp);
        }
        for link in changed {
            directory.put_link(link);
        }
        self.publish_directory(directory, None);
        Ok(())
    }

    async fn apply_hooks(&self, specs: Vec<HookSpec>, warnings: &mut Vec<String>) -> Result<(), ChangeError> {
        let index = self.index.load_full();
        let mut before = Before::of(&index, &specs, &self.directory.load_full());
        for spec in &specs {
            if let Err(error) = self.check_hook(spec) {
                // Its deliveries will say the same; the server starts all the same.
                warnings.push(format!("the hook `{}` of `{}`: {error}", spec.pattern, spec.app));
            }
        }
        let (mut changed, mut unknown) = (Vec::new(), Vec::new());
        for spec in specs {
            match before.known.get(&meaning_of_spec(&spec)) {
                Some(hook) if hook.origin == Origin::File && hook.options == spec.options => {}
                Some(hook) => {
                    let options = spec.options;
                    changed.push(Hook { options, origin: Origin::File, ..Hook::clone(hook) });
                }
                None => match before.changed(&spec) {
                    // What waits for it follows it to where it leads now.
                    Some(hook) => changed.push(led_by(hook, spec)),
                    None => unknown.push(spec),
                },
            }
        }
        let vanished = before.vanished();
        if !vanished.is_empty() {
            self.drop_hooks(vanished, TAKEN_OUT).await?;
        }
        let revived = self.revive(&mut unknown).await?;
        let new = |spec| self.new_hook(spec, Lifetime::Persistent, Origin::File);
        changed.extend(unknown.into_iter().map(new));
        self.keep_hooks(changed).await?;
        self.parts.lanes.stir(revived);
        Ok(())
    }

    /// Takes those of the file's hooks that were taken out of it before, as long as deliveries name them: each is
    /// kept again under its old id with what waited for it. Gives their ids.
    async fn revive(&self, specs: &mut Vec<HookSpec>) -> Result<Vec<HookId>, ChangeError> {
        if specs.is_empty() {
            return Ok(Vec::new());
        }
        let directory = self.directory.load_full();
        let mut gone: HashMap<(AppName, Pattern), Vec<Hook>> = HashMap::new();
        for hook in self.parts.store.deleted_hooks().await? {
            // Hooks of an app that had this name before are another's.
            let same_app = |entry: &Arc<AppEntry>| entry.app.created_at <= hook.created_at;
            if directory.app(hook.app.as_str()).is_some_and(same_app) {
                gone.entry((hook.app.clone(), hook.pattern.clone())).or_default().push(hook);
            }
        }
        let mut revived = Vec::new();
        specs.retain(|spec| {
            let Some(hooks) = gone.get_mut(&(spec.app.clone(), spec.pattern.clone())) else { return true };
            // The newest one comes first; one that led to the same place is preferred.
            let same = hooks.iter().position(|hook| meaning(hook) == meaning_of_spec(spec)).unwrap_or(0);
            if hooks.is_empty() {
                return true;
            }
            revived.push(led_by(&hooks.remove(same), spec.clone()));
            false
        });
        if revived.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.parts.clock.now();
        self.parts.store.restore_hooks(revived.clone(), TAKEN_OUT, now).await?;
        let ids = revived.iter().map(|hook| hook.id).collect();
        self.publish_index(|index, directory| {
            for hook in revived {
                index.put(hook, directory);
            }
        });
        Ok(ids)
    }
}

/// Why what waits for a hook that is taken out of the file is cancelled.
const TAKEN_OUT: &str = "hook removed from the configuration file";

/// A hook as the file gives it now. One that a 410 had switched off takes events again: its receiver is another.
fn led_by(hook: &Hook, spec: HookSpec) -> Hook {
    let HookSpec { app: _, pattern: _, route, kind, options } = spec;
    let moved = hook.route != route || hook.kind != kind;
    Hook { route, kind, options, origin: Origin::File, enabled: hook.enabled || moved, ..hook.clone() }
}

/// The hooks that there are before the file is applied.
struct Before<'a> {
    /// Those that the file gives as they are.
    known: HashMap<Meaning<'a>, &'a Hook>,
    /// The file's others, by app and pattern: they lead elsewhere now, or are taken out.
    others: HashMap<(AppName, Pattern), VecDeque<&'a Hook>>,
}

impl<'a> Before<'a> {
    fn of(index: &'a HookIndex, specs: &[HookSpec], directory: &Directory) -> Self {
        let wanted: HashSet<Meaning<'_>> = specs.iter().map(meaning_of_spec).collect();
        // Hooks of an app that the file no longer names stay with it, for it may be named again.
        let named = |hook: &Hook| {
            directory.app(hook.app.as_str()).is_some_and(|entry| entry.app.origin == Origin::File)
        };
        let mut others: HashMap<_, VecDeque<_>> = HashMap::new();
        for hook in index.hooks().map(|entry| &entry.hook) {
            if hook.origin == Origin::File && named(hook) && !wanted.contains(&meaning(hook)) {
                others.entry((hook.app.clone(), hook.pattern.clone())).or_default().push_back(hook);
            }
        }
        Self { known: known_hooks(index), others }
    }

    /// The hook of the file that listened for the same and led elsewhere.
    fn changed(&mut self, spec: &HookSpec) -> Option<&'a Hook> {
        self.others.get_mut(&(spec.app.clone(), spec.pattern.clone()))?.pop_front()
    }

    /// Those that the file no longer gives.
    fn vanished(self) -> Vec<HookId> {
        let mut ids: Vec<_> = self.others.into_values().flatten().map(|hook| hook.id).collect();
        ids.sort_unstable();
        ids
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

/// The first few of them, and how many more there are.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let more = names.len().saturating_sub(MOST);
    let first = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
