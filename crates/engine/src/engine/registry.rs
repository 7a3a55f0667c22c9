//! Verbs over apps, links and hooks.

use super::build::Engine;
use crate::apps::Reason;
use crate::registry::{
    AppChange, AppEntry, AppSpec, ChangeError, HookChange, HookEntry, HookSpec, LinkSpec, MadeSecrets,
    Overlap, Rotation, whole,
};
use footbridge_model::app::Link;
use footbridge_model::hook::{Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::sync::Arc;

impl Engine {
    /// Every app, by name.
    pub fn apps(&self) -> Vec<Arc<AppEntry>> {
        self.0.registry.directory.load().apps().cloned().collect()
    }

    /// One app.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn app(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        self.0.registry.app(name)
    }

    /// Makes an app with its hooks, or nothing of it; its secrets are given this once.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_app(
        &self,
        spec: AppSpec,
        hooks: Vec<HookSpec>,
    ) -> Result<(Arc<AppEntry>, MadeSecrets), ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        whole(async move {
            let name = spec.name.clone();
            let made = registry.add_app(spec).await?;
            for hook in hooks {
                if let Err(error) = registry.add_hook(hook, Lifetime::Persistent, Origin::Api).await {
                    // An app without the hooks it was asked for would go unnoticed.
                    registry.remove_app(&name).await?;
                    return Err(error);
                }
            }
            Ok(made)
        })
        .await
    }

    /// Changes an app.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_app(&self, name: &AppName, change: AppChange) -> Result<Arc<AppEntry>, ChangeError> {
        let (registry, owned) = (Arc::clone(&self.0.registry), name.clone());
        let was_off = registry.app(name).is_ok_and(|entry| !entry.app.enabled);
        let changed = whole(async move { registry.change_app(&owned, change).await }).await?;
        if changed.app.enabled && was_off {
            self.0.apps.start_at_boot(&changed);
        }
        if !changed.app.enabled {
            // One that does not run has nothing to end.
            let _ = self.0.apps.stop(name.as_str(), Reason::Stop).await;
        }
        Ok(changed)
    }

    /// Removes an app with its hooks and links.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_app(&self, name: &AppName) -> Result<(), ChangeError> {
        let (registry, owned) = (Arc::clone(&self.0.registry), name.clone());
        whole(async move { registry.remove_app(&owned).await }).await
    }

    /// Replaces secrets of an app; the new ones are given this once.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn rotate(
        &self,
        name: &AppName,
        which: Rotation,
        overlap: Overlap,
    ) -> Result<MadeSecrets, ChangeError> {
        let (registry, owned) = (Arc::clone(&self.0.registry), name.clone());
        whole(async move { registry.rotate(&owned, which, overlap).await }).await
    }

    /// Gives the secrets of an app that were made here and shown to nobody, this once.
    ///
    /// # Errors
    /// [`ChangeError::Seen`] when there is none, or another [`ChangeError`]
    pub async fn show_secrets(&self, name: &AppName) -> Result<MadeSecrets, ChangeError> {
        let (registry, name) = (Arc::clone(&self.0.registry), name.clone());
        whole(async move { registry.show_secrets(&name).await }).await
    }

    /// Ends the time in which replaced secrets of an app still count.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn end_overlap(&self, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        let (registry, name) = (Arc::clone(&self.0.registry), name.clone());
        whole(async move { registry.end_overlap(&name).await }).await
    }

    /// Every link, by host and miniapp.
    pub fn links(&self) -> Vec<Link> {
        self.0.registry.directory.load().links().cloned().collect()
    }

    /// One link.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn link(&self, host: &AppName, miniapp: &AppName) -> Result<Link, ChangeError> {
        self.0.registry.link(host, miniapp)
    }

    /// Makes a link.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_link(&self, spec: LinkSpec) -> Result<Link, ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        whole(async move { registry.add_link(spec).await }).await
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
        whole(async move { registry.change_link(&host, &miniapp, enabled).await }).await
    }

    /// Removes a link.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_link(&self, host: &AppName, miniapp: &AppName) -> Result<(), ChangeError> {
        let (registry, host, miniapp) = (Arc::clone(&self.0.registry), host.clone(), miniapp.clone());
        whole(async move { registry.remove_link(&host, &miniapp).await }).await
    }

    /// Every hook, by id, or those of one app.
    pub fn hooks(&self, app: Option<&AppName>) -> Vec<Arc<HookEntry>> {
        let index = self.0.registry.index.load();
        let Some(app) = app else { return index.hooks().cloned().collect() };
        let mut hooks: Vec<_> = index.of(app).cloned().collect();
        hooks.sort_by_key(|entry| entry.hook.id);
        hooks
    }

    /// Up to `limit` hooks with ids above `after`, by id.
    pub fn hooks_after(&self, after: Option<HookId>, limit: usize) -> Vec<Arc<HookEntry>> {
        self.0.registry.index.load().hooks_after(after).take(limit).cloned().collect()
    }

    /// One hook.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`]
    pub fn hook(&self, id: HookId) -> Result<Arc<HookEntry>, ChangeError> {
        self.0.registry.hook(id)
    }

    /// Makes a persistent hook, or gives the one the app has already.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn add_hook(&self, spec: HookSpec) -> Result<Arc<HookEntry>, ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        whole(async move { registry.add_hook(spec, Lifetime::Persistent, Origin::Api).await }).await
    }

    /// Changes a hook; it keeps its id and what waits for it.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn change_hook(&self, id: HookId, change: HookChange) -> Result<Arc<HookEntry>, ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        whole(async move { registry.change_hook(id, change).await }).await
    }

    /// Removes a hook; its pending deliveries become cancelled.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn remove_hook(&self, id: HookId) -> Result<(), ChangeError> {
        let registry = Arc::clone(&self.0.registry);
        whole(async move { registry.remove_hook(id).await }).await
    }
}
