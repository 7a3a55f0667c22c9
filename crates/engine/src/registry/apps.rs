//! Adding, changing and deleting apps.

use super::app_registry::{AppRegistry, ChangeLock};
use super::checks::{check_ca_file, check_prefix, check_secrets, check_url};
use super::directory::Directory;
use super::entry::AppEntry;
use super::error::{ChangeError, require_api_origin};
use super::host_classes::hosts;
use super::secrets::{KEY_PREFIX, TOKEN_PREFIX, set_by};
use super::spec::{AppChange, AppSpec, HookSpec, MadeSecrets, SecretSet};
use footbridge_courier::Target;
use footbridge_journal::{RegistryBatch, RegistryChange};
use footbridge_model::app::{App, AppSecrets, Unseen};
use footbridge_model::audit::Actor;
use footbridge_model::hook::{Hook, Lifetime, Origin};
use footbridge_model::name::AppName;
use footbridge_model::rotation::Rotating;
use footbridge_model::secret::Secret;
use footbridge_model::signature;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The error of deliveries that were cancelled because their app was deleted.
pub(crate) const APP_DELETED: &str = "app deleted";

impl AppRegistry {
    /// The app of this name.
    pub(crate) fn app(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        self.directory.load().app(name.as_str()).cloned().ok_or_else(|| ChangeError::NoApp(name.clone()))
    }

    /// Makes an app with its hooks, all or nothing. Returns its secrets, which are not shown again.
    pub(crate) async fn add_app(
        &self,
        by: &Actor,
        spec: AppSpec,
        hooks: Vec<HookSpec>,
    ) -> Result<(Arc<AppEntry>, MadeSecrets), ChangeError> {
        let urls = [&spec.url, &spec.receiver_url].into_iter().flatten();
        let host_classes = self.classify_urls(spec.name.as_str(), urls).await;
        let lock = &self.lock_changes(by).await?;
        if self.directory.load().app(spec.name.as_str()).is_some() {
            let name = spec.name;
            return Err(ChangeError::Exists(format!(
                "the app `{name}` exists already: see it with `footbridge app show {name}`, change it with PATCH /api/v1/apps/{name}"
            )));
        }
        let (app, made) = self.new_app(by, spec, Origin::Api)?;
        if self.other_token_owner(&app.name, &app.secrets.token.current).is_some() {
            return Err(ChangeError::invalid("token", "is another app's token; each app needs its own"));
        }
        // The answer shows the secrets.
        let app = App { host_classes, unseen: Unseen::default(), ..app };
        let hooks = self.first_hooks(&app, hooks)?;
        let batch =
            RegistryBatch { apps: vec![app.clone()], hooks: hooks.clone(), ..RegistryBatch::default() };
        let version = self.store(lock, RegistryChange::Put(batch)).await?;
        let entry = self.show_app(app, SecretSet::default());
        self.publish_index(|index, directory| hooks.into_iter().for_each(|hook| index.put(hook, directory)));
        self.options.store.set_version(version);
        Ok((entry?, made))
    }

    /// Builds the hooks of a new app. Equal ones become one.
    fn first_hooks(&self, app: &App, specs: Vec<HookSpec>) -> Result<Vec<Hook>, ChangeError> {
        let entry = self.entry(app.clone(), None);
        let mut different: Vec<HookSpec> = Vec::with_capacity(specs.len());
        for spec in specs {
            self.check_hook_of(&spec, &entry)?;
            if !different.contains(&spec) {
                different.push(spec);
            }
        }
        if different.len() > self.options.hooks_per_app {
            return Err(ChangeError::TooManyHooks(self.options.hooks_per_app));
        }
        let new = |spec| self.new_hook(spec, Lifetime::Persistent, Origin::Api);
        Ok(different.into_iter().map(new).collect())
    }

    /// Checks `spec` and builds an app from it. Also returns the app's secrets.
    pub(super) fn new_app(
        &self,
        by: &Actor,
        spec: AppSpec,
        origin: Origin,
    ) -> Result<(App, MadeSecrets), ChangeError> {
        check_url("receiver_url", spec.receiver_url.as_deref(), Target::parse)?;
        check_url("url", spec.url.as_deref(), Target::parse_base)?;
        check_url("miniapp_url", spec.miniapp_url.as_deref(), Target::parse_page)?;
        check_prefix(&spec.token_prefix)?;
        spec.ca_file.as_deref().map(check_ca_file).transpose()?;
        let entropy = &*self.options.entropy;
        let unseen = Unseen {
            // The token of an installed app belongs to its run.
            token: spec.token.is_none() && origin != Origin::Package,
            secret_key: spec.secret_key.is_none(),
            signing_secret: spec.signing_secret.is_none(),
        };
        let token = spec.token.unwrap_or_else(|| Secret::make(TOKEN_PREFIX, entropy));
        let secret_key = spec.secret_key.unwrap_or_else(|| Secret::make(KEY_PREFIX, entropy));
        let signing_secret = spec.signing_secret.unwrap_or_else(|| signature::make(entropy));
        check_secrets(&token, &secret_key, &signing_secret)?;
        let made = MadeSecrets {
            token: Some(token.clone()),
            secret_key: Some(secret_key.clone()),
            signing_secret: Some(signing_secret.clone()),
        };
        let created_at = self.options.clock.now();
        let generation = self.options.ids.next(created_at);
        let set = |secret| Rotating::set(secret, self.options.ids.next(created_at), set_by(by, created_at));
        let app = App {
            name: spec.name,
            secrets: AppSecrets {
                token: set(token),
                secret_key: set(secret_key),
                signing_secret: set(signing_secret),
            },
            unseen,
            token_prefix: spec.token_prefix,
            receiver_url: spec.receiver_url,
            receiver_enabled: spec.receiver_enabled,
            receiver_auth: spec.receiver_auth,
            url: spec.url,
            host_classes: BTreeMap::new(),
            ca_file: spec.ca_file,
            miniapp_url: spec.miniapp_url,
            private: spec.private,
            package: None,
            origin,
            enabled: true,
            created_at,
            generation,
            proof_epoch: generation,
        };
        Ok((app, made))
    }

    /// Stores an app and publishes it to readers.
    pub(super) async fn store_app(
        &self,
        lock: &ChangeLock<'_>,
        app: App,
        file_secrets: SecretSet,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        let version = self.store(lock, RegistryChange::app(app.clone())).await?;
        let entry = self.show_app(app, file_secrets);
        self.options.store.set_version(version);
        entry
    }

    /// Publishes an app to readers, and returns its entry.
    fn show_app(&self, app: App, file_secrets: SecretSet) -> Result<Arc<AppEntry>, ChangeError> {
        let name = app.name.clone();
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_app(self.entry(app, Some(file_secrets)));
        self.publish_directory(directory, Some(&name));
        self.app(&name)
    }

    /// Changes the settings of an app.
    pub(crate) async fn change_app(
        &self,
        by: &Actor,
        name: &AppName,
        change: AppChange,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        // Before the lock is taken, because DNS may be slow.
        let urls = [&change.url, &change.receiver_url].into_iter().flatten().flatten();
        let host_classes = self.classify_urls(name.as_str(), urls).await;
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        if entry.app.origin != Origin::Package || change.url.is_some() || change.private.is_some() {
            require_api_origin(entry.app.origin, || format!("the app `{name}`"))?;
        }
        let mut app = changed(&entry, change)?;
        let before = &entry.app.host_classes;
        app.host_classes = hosts(&app).filter_map(|host| Some((host.clone(), *before.get(&host)?))).collect();
        app.host_classes.extend(host_classes);
        if app.enabled && !entry.app.enabled {
            self.reclaim_token(&mut app)?;
        }
        if !app.enabled && entry.app.enabled {
            self.end_proofs(&mut app);
        }
        self.store_app(lock, app, entry.file_secrets).await
    }

    /// Deletes an app of the API with its hooks and links.
    pub(crate) async fn remove_app(&self, by: &Actor, name: &AppName) -> Result<(), ChangeError> {
        let lock = &self.lock_changes(by).await?;
        require_api_origin(self.app(name)?.app.origin, || format!("the app `{name}`"))?;
        self.delete_app(lock, name).await
    }

    /// Deletes an installed app with its hooks and links.
    pub(crate) async fn remove_installed(&self, by: &Actor, name: &AppName) -> Result<(), ChangeError> {
        let lock = &self.lock_changes(by).await?;
        self.delete_app(lock, name).await
    }

    /// Deletes the links and hooks that a deleted app has left. Does nothing if an app of this name exists: it was made
    /// since and is another app.
    pub(crate) async fn purge_removed(&self, name: &AppName) -> Result<(), ChangeError> {
        let by = Actor::system();
        let lock = &self.lock_changes(&by).await?;
        if self.app(name).is_ok() { Ok(()) } else { self.delete_app(lock, name).await }
    }

    async fn delete_app(&self, lock: &ChangeLock<'_>, name: &AppName) -> Result<(), ChangeError> {
        let change = RegistryChange::DeleteApp { name: name.clone(), reason: APP_DELETED };
        let version = self.store(lock, change).await?;
        self.unpublish_app(name);
        self.options.store.set_version(version);
        Ok(())
    }
}

/// Checks `change` and applies it to the settings of an app.
fn changed(entry: &AppEntry, change: AppChange) -> Result<App, ChangeError> {
    let mut app = entry.app.clone();
    if let Some(prefix) = change.token_prefix {
        check_prefix(&prefix)?;
        app.token_prefix = prefix;
    }
    if let Some(url) = change.receiver_url {
        check_url("receiver_url", url.as_deref(), Target::parse)?;
        app.receiver_url = url;
    }
    if let Some(url) = change.url {
        check_url("url", url.as_deref(), Target::parse_base)?;
        app.url = url;
    }
    if let Some(file) = change.ca_file {
        file.as_deref().map(check_ca_file).transpose()?;
        entry.state.forget_roots();
        app.ca_file = file;
    }
    if let Some(url) = change.miniapp_url {
        check_url("miniapp_url", url.as_deref(), Target::parse_page)?;
        app.miniapp_url = url;
    }
    app.receiver_enabled = change.receiver_enabled.unwrap_or(app.receiver_enabled);
    app.receiver_auth = change.receiver_auth.unwrap_or(app.receiver_auth);
    app.private = change.private.unwrap_or(app.private);
    app.enabled = change.enabled.unwrap_or(app.enabled);
    Ok(app)
}
