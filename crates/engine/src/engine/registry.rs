//! Operations on apps, links and hooks.

use super::build::Engine;
use crate::detached::detached;
use crate::people::People;
use crate::registry::{
    AppChange, AppEntry, AppSpec, ChangeError, HookChange, HookEntry, HookSpec, LinkSpec, MadeSecrets,
};
use crate::system_event::StopReason;
use footbridge_model::app::Link;
use footbridge_model::hook::{Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::sync::Arc;

impl Engine {
    /// Users, roles, tokens and sessions.
    pub fn people(&self) -> &Arc<People> {
        &self.0.people
    }

    /// All apps, sorted by name.
    pub fn apps(&self) -> Vec<Arc<AppEntry>> {
        self.0.registry.directory.load().apps().cloned().collect()
    }

    /// The app of this name.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn app(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        self.0.registry.app(name)
    }

    /// Makes an app with its hooks, all or nothing. Returns the secrets that were made; they are not shown again.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, HookSpec};
    /// use footbridge_model::hook::{HookOptions, HookType};
    /// use footbridge_model::name::AppName;
    /// use footbridge_model::pattern::Pattern;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// let hook = HookSpec {
    ///     app: AppName::parse("mail")?,
    ///     pattern: Pattern::parse("shop/order-paid")?,
    ///     route: "http://mail.example.com/hook".to_owned(),
    ///     kind: HookType::Web,
    ///     options: HookOptions::default(),
    /// };
    /// let (mail, secrets) = engine.add_app(AppSpec::named(AppName::parse("mail")?), vec![hook]).await?;
    /// assert_eq!(engine.hooks(Some(&mail.app.name)).len(), 1);
    ///
    /// // The app authenticates itself with the token that was made for it.
    /// let token = secrets.token.ok_or("the spec names no token")?;
    /// let caller = engine.caller_by_token(token.expose().as_bytes()).ok_or("it is valid")?;
    /// assert_eq!(caller.entry.app.name.as_str(), "mail");
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_app(
        &self,
        spec: AppSpec,
        hooks: Vec<HookSpec>,
    ) -> Result<(Arc<AppEntry>, MadeSecrets), ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        let by = self.actor();
        detached(async move { registry.add_app(&by, spec, hooks).await }).await
    }

    /// Changes the settings of an app.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_app(&self, name: &AppName, change: AppChange) -> Result<Arc<AppEntry>, ChangeError> {
        let (registry, owned) = (Arc::clone(&self.0.registry), name.clone());
        let was_off = registry.app(name).is_ok_and(|entry| !entry.app.enabled);
        let by = self.actor();
        let changed = detached(async move { registry.change_app(&by, &owned, change).await }).await?;
        if changed.app.enabled && was_off {
            self.0.apps.start_at_boot(&changed);
        }
        if !changed.app.enabled {
            // The only error is that the app does not run.
            let _ = self.0.apps.stop(name.as_str(), StopReason::Stop).await;
        }
        Ok(changed)
    }

    /// Deletes an app with its hooks and links.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_app(&self, name: &AppName) -> Result<(), ChangeError> {
        let (registry, owned) = (Arc::clone(&self.0.registry), name.clone());
        let by = self.actor();
        detached(async move { registry.remove_app(&by, &owned).await }).await
    }

    /// Returns the secrets of an app that the server has made and nobody has seen; they are not shown again.
    ///
    /// # Errors
    /// [`ChangeError::Seen`] if there are none, or another [`ChangeError`]
    pub async fn show_secrets(&self, name: &AppName) -> Result<MadeSecrets, ChangeError> {
        let (registry, name) = (Arc::clone(&self.0.registry), name.clone());
        let by = self.actor();
        detached(async move { registry.show_secrets(&by, &name).await }).await
    }

    /// All links, sorted by host and miniapp.
    pub fn links(&self) -> Vec<Link> {
        self.0.registry.directory.load().links().cloned().collect()
    }

    /// The link between a host and a miniapp.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn link(&self, host: &AppName, miniapp: &AppName) -> Result<Link, ChangeError> {
        self.0.registry.link(host, miniapp)
    }

    /// Links a host and a miniapp, so that they may exchange events.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_link(&self, spec: LinkSpec) -> Result<Link, ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        let by = self.actor();
        detached(async move { registry.add_link(&by, spec).await }).await
    }

    /// Switches a link on or off.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_link(
        &self,
        host: &AppName,
        miniapp: &AppName,
        enabled: bool,
    ) -> Result<Link, ChangeError> {
        let (registry, host, miniapp) = (Arc::clone(&self.0.registry), host.clone(), miniapp.clone());
        let by = self.actor();
        detached(async move { registry.change_link(&by, &host, &miniapp, enabled).await }).await
    }

    /// Deletes a link.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_link(&self, host: &AppName, miniapp: &AppName) -> Result<(), ChangeError> {
        let (registry, host, miniapp) = (Arc::clone(&self.0.registry), host.clone(), miniapp.clone());
        let by = self.actor();
        detached(async move { registry.remove_link(&by, &host, &miniapp).await }).await
    }

    /// All hooks, or the hooks of one app, sorted by id.
    pub fn hooks(&self, app: Option<&AppName>) -> Vec<Arc<HookEntry>> {
        let index = self.0.registry.index.load();
        let Some(app) = app else { return index.hooks().cloned().collect() };
        let mut hooks: Vec<_> = index.of(app).cloned().collect();
        hooks.sort_by_key(|entry| entry.hook.id);
        hooks
    }

    /// At most `limit` hooks with ids above `after`, sorted by id.
    pub fn hooks_after(&self, after: Option<HookId>, limit: usize) -> Vec<Arc<HookEntry>> {
        self.0.registry.index.load().hooks_after(after).take(limit).cloned().collect()
    }

    /// The hook of this id.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn hook(&self, id: HookId) -> Result<Arc<HookEntry>, ChangeError> {
        self.0.registry.hook(id)
    }

    /// Makes a persistent hook. Returns the existing hook if the app has the same one.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_hook(&self, spec: HookSpec) -> Result<Arc<HookEntry>, ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        let by = self.actor();
        detached(async move { registry.add_hook(&by, spec, Lifetime::Persistent, Origin::Api).await }).await
    }

    /// Changes a hook. The hook keeps its id and its pending deliveries. `by` names who changes it.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_hook(&self, id: HookId, change: HookChange) -> Result<Arc<HookEntry>, ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        let by = self.actor();
        detached(async move { registry.change_hook(&by, id, change).await }).await
    }

    /// Deletes a hook and cancels its pending deliveries.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_hook(&self, id: HookId) -> Result<(), ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        let by = self.actor();
        detached(async move { registry.remove_hook(&by, id).await }).await
    }
}
