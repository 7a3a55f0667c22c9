//! Applying the configuration file at start. What the file defines is set; what it leaves out stays as it is; apps that it
//! no longer names are switched off.

use super::app_registry::{AppRegistry, ChangeLock};
use super::directory::Directory;
use super::error::ChangeError;
use super::host_classes;
use super::spec::{AppSpec, FileSpec, LinkSpec, SecretSet};
use footbridge_journal::{RegistryBatch, RegistryChange};
use footbridge_model::app::{App, Link, Unseen};
use footbridge_model::audit::Actor;
use footbridge_model::credential::CredentialKind;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

impl AppRegistry {
    /// Applies the file. Returns warnings for the operator.
    pub(crate) async fn apply_file(&self, by: &Actor, file: FileSpec) -> Result<Vec<String>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let mut warnings = Vec::new();
        self.check_file(&file)?;
        warnings.extend(self.warn_removed_apps(&file.apps));
        if file.path.is_some() && file.path != self.options.config_file {
            let batch = RegistryBatch { config_file: file.path, ..RegistryBatch::default() };
            let version = self.store(lock, RegistryChange::Put(batch)).await?;
            self.options.store.set_version(version);
        }
        warnings.extend(self.apply_apps(lock, file.apps).await?);
        self.apply_links(lock, file.links).await?;
        self.apply_hooks(lock, file.hooks, &mut warnings).await?;
        Ok(warnings)
    }

    /// Refuses a start without a file if an earlier file has defined apps or links: all of them would be switched off.
    fn check_file(&self, file: &FileSpec) -> Result<(), ChangeError> {
        let is_empty = file.path.is_none() && file.apps.is_empty() && file.links.is_empty();
        if !is_empty || file.left_out {
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
        Err(ChangeError::FileLeftOut { what: first_few(&what), file: self.options.config_file.clone() })
    }

    /// Returns a warning that names the apps that were removed from the file.
    fn warn_removed_apps(&self, specs: &[AppSpec]) -> Option<String> {
        let named: HashSet<&AppName> = specs.iter().map(|spec| &spec.name).collect();
        let directory = self.directory.load();
        let apps = directory.apps().map(|entry| &entry.app);
        let removed = apps.filter(|app| app.origin == Origin::File && !named.contains(&app.name));
        let removed: Vec<String> = removed.map(|app| format!("`{}`", app.name)).collect();
        (!removed.is_empty()).then(|| {
            format!(
                "no longer in the configuration file and so switched off: {}; put them back there, or switch them on or delete them over the API",
                first_few(&removed)
            )
        })
    }

    /// Applies all apps in one transaction: tokens may move between them, and either all apps fit together or nothing
    /// is written.
    async fn apply_apps(
        &self,
        lock: &ChangeLock<'_>,
        specs: Vec<AppSpec>,
    ) -> Result<Vec<String>, ChangeError> {
        let before = self.directory.load_full();
        let mut apps: BTreeMap<AppName, (App, SecretSet)> = before
            .apps()
            .map(|entry| {
                (entry.app.name.clone(), (self.released_app(entry.app.clone()), SecretSet::default()))
            })
            .collect();
        for spec in specs {
            let (app, file_secrets) = self.app_from_file(lock.by, spec, &before)?;
            apps.insert(app.name.clone(), (app, file_secrets));
        }
        let warnings = self.classify_new_hosts(&mut apps).await;
        check_tokens(apps.values().map(|(app, _)| app), self.options.clock.now())?;
        let is_unchanged = |app: &App| {
            let same = |known: &App| known == app && known.name.is_written_like(&app.name);
            before.app(app.name.as_str()).is_some_and(|entry| same(&entry.app))
        };
        let changed: Vec<App> =
            apps.values().filter(|(app, _)| !is_unchanged(app)).map(|(app, _)| app.clone()).collect();
        let names: Vec<AppName> = changed.iter().map(|app| app.name.clone()).collect();
        let mut version = self.version();
        if !changed.is_empty() {
            let batch = RegistryBatch { apps: changed, ..RegistryBatch::default() };
            version = self.store(lock, RegistryChange::Put(batch)).await?;
        }
        let entries = apps.into_values().map(|(app, file_secrets)| self.entry(app, Some(file_secrets)));
        self.publish_directory(before.with(entries, before.links().cloned()), None);
        self.publish_index(|index, directory| {
            for name in &names {
                index.refresh(name, directory);
            }
        });
        self.options.store.set_version(version);
        Ok(warnings)
    }

    /// Builds an app that the file defines. Secrets that the file leaves out stay as they are.
    fn app_from_file(
        &self,
        by: &Actor,
        spec: AppSpec,
        before: &Directory,
    ) -> Result<(App, SecretSet), ChangeError> {
        let file_secrets = SecretSet {
            token: spec.token.is_some(),
            secret_key: spec.secret_key.is_some(),
            signing_secret: spec.signing_secret.is_some(),
        };
        let (mut app, _) = self.new_app(by, spec, Origin::File)?;
        if let Some(known) = before.app(app.name.as_str()) {
            let known = &known.app;
            if known.package.is_some() {
                let why = format!(
                    "the app `{}` is installed from a directory; uninstall it first, or give this one another name",
                    known.name
                );
                return Err(ChangeError::invalid("name", why));
            }
            app.host_classes = host_classes::unchanged(&app, known);
            app.created_at = known.created_at;
            app.generation = known.generation;
            app.proof_epoch = known.proof_epoch;
            app.unseen = Unseen {
                token: known.unseen.token && !file_secrets.token,
                secret_key: known.unseen.secret_key && !file_secrets.secret_key,
                signing_secret: known.unseen.signing_secret && !file_secrets.signing_secret,
            };
            for kind in CredentialKind::ALL {
                // A secret that the file leaves out stays, and one that it does not change has its overlap still.
                let stored = known.secrets.of(kind);
                if !file_secrets.has(kind) || stored.current == app.secrets.of(kind).current {
                    *app.secrets.of_mut(kind) = stored.clone();
                }
            }
        }
        Ok((app, file_secrets))
    }

    /// An app that the file does not name. If an earlier file has defined it, it is switched off and managed by the API
    /// from now on.
    fn released_app(&self, app: App) -> App {
        match app.origin {
            Origin::File => {
                let proof_epoch = self.options.ids.next(self.options.clock.now());
                App { origin: Origin::Api, enabled: false, proof_epoch, ..app }
            }
            Origin::Api | Origin::Package => app,
        }
    }

    async fn apply_links(&self, lock: &ChangeLock<'_>, links: Vec<LinkSpec>) -> Result<(), ChangeError> {
        let before = self.directory.load_full();
        let named: BTreeSet<_> = links.iter().map(|link| (&link.host, &link.miniapp)).collect();
        let is_removed =
            |link: &&Link| link.origin == Origin::File && !named.contains(&(&link.host, &link.miniapp));
        let removed: Vec<Link> = before.links().filter(is_removed).cloned().collect();
        for link in &removed {
            let (host, miniapp) = (link.host.clone(), link.miniapp.clone());
            let version = self.store(lock, RegistryChange::DeleteLink { host, miniapp }).await?;
            self.options.store.set_version(version);
        }
        // A link may name an app that does not exist yet.
        let changed: Vec<Link> = links
            .into_iter()
            .filter(|link| {
                let known = before.link(&link.host, &link.miniapp);
                known.is_none_or(|known| known.origin != Origin::File || known.enabled != link.enabled)
            })
            .map(|link| self.new_link(link, Origin::File))
            .collect();
        if !changed.is_empty() {
            let batch = RegistryBatch { links: changed.clone(), ..RegistryBatch::default() };
            let version = self.store(lock, RegistryChange::Put(batch)).await?;
            self.options.store.set_version(version);
        }
        let mut directory = Directory::clone(&before);
        for link in &removed {
            directory.remove_link(&link.host, &link.miniapp);
        }
        for link in changed {
            directory.put_link(link);
        }
        self.publish_directory(directory, None);
        Ok(())
    }
}

/// Refuses two apps with the same token: a token identifies its app.
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
                return Err(ChangeError::invalid("token", why));
            }
        }
    }
    Ok(())
}

/// The first 20 names, and the number of the others.
fn first_few(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let more = names.len().saturating_sub(SHOWN);
    let first = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
