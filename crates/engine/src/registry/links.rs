//! Adding, changing and deleting links.

use super::app_registry::{AppRegistry, ChangeLock};
use super::directory::Directory;
use super::error::{ChangeError, require_api_origin};
use super::spec::LinkSpec;
use footbridge_journal::RegistryChange;
use footbridge_model::app::Link;
use footbridge_model::audit::Actor;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;

impl AppRegistry {
    /// The link between a host and a miniapp.
    pub(crate) fn link(&self, host: &AppName, miniapp: &AppName) -> Result<Link, ChangeError> {
        self.directory.load().link(host, miniapp).cloned().ok_or(ChangeError::NotFound("link"))
    }

    /// Links a host and a miniapp.
    pub(crate) async fn add_link(&self, by: &Actor, spec: LinkSpec) -> Result<Link, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let directory = self.directory.load_full();
        for (member, name) in [("host", &spec.host), ("miniapp", &spec.miniapp)] {
            if directory.app(name.as_str()).is_none() {
                return Err(ChangeError::invalid(member, format!("there is no app `{name}`")));
            }
        }
        if spec.host == spec.miniapp {
            return Err(ChangeError::invalid("miniapp", "an app is not linked to itself"));
        }
        if directory.link(&spec.host, &spec.miniapp).is_some() {
            let text = format!("the link of `{}` and `{}` exists already", spec.host, spec.miniapp);
            return Err(ChangeError::Exists(text));
        }
        self.store_link(lock, spec, Origin::Api).await
    }

    /// Switches a link of the API on or off.
    pub(crate) async fn change_link(
        &self,
        by: &Actor,
        host: &AppName,
        miniapp: &AppName,
        enabled: bool,
    ) -> Result<Link, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let link = self.link(host, miniapp)?;
        require_api_origin(link.origin, || format!("the link of `{host}` and `{miniapp}`"))?;
        self.store_link(lock, LinkSpec { host: link.host, miniapp: link.miniapp, enabled }, Origin::Api).await
    }

    /// Deletes a link of the API.
    pub(crate) async fn remove_link(
        &self,
        by: &Actor,
        host: &AppName,
        miniapp: &AppName,
    ) -> Result<(), ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let link = self.link(host, miniapp)?;
        require_api_origin(link.origin, || format!("the link of `{host}` and `{miniapp}`"))?;
        let change = RegistryChange::DeleteLink { host: link.host.clone(), miniapp: link.miniapp.clone() };
        let version = self.store(lock, change).await?;
        let mut directory = Directory::clone(&self.directory.load());
        directory.remove_link(&link.host, &link.miniapp);
        self.publish_directory(directory, None);
        self.options.store.set_version(version);
        Ok(())
    }

    async fn store_link(
        &self,
        lock: &ChangeLock<'_>,
        spec: LinkSpec,
        origin: Origin,
    ) -> Result<Link, ChangeError> {
        let link = self.new_link(spec, origin);
        let version = self.store(lock, RegistryChange::link(link.clone())).await?;
        let mut directory = Directory::clone(&self.directory.load());
        directory.put_link(link.clone());
        self.publish_directory(directory, None);
        self.options.store.set_version(version);
        Ok(link)
    }

    /// Builds a link. Its names are written as the apps are registered; an existing link keeps its time of creation.
    pub(super) fn new_link(&self, spec: LinkSpec, origin: Origin) -> Link {
        let directory = self.directory.load();
        let known = directory.link(&spec.host, &spec.miniapp).map(|link| link.created_at);
        let created_at = known.unwrap_or_else(|| self.options.clock.now());
        let (host, miniapp) = (directory.as_registered(spec.host), directory.as_registered(spec.miniapp));
        Link { host, miniapp, enabled: spec.enabled, origin, created_at }
    }
}
