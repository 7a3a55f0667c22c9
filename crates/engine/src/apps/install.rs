//! Installing and uninstalling.

use super::bodies::AppObject;
use super::error::AppsError;
use super::state::{Apps, life};
use super::stop::Reason;
use super::view::Installation;
use crate::drain::Draining;
use crate::registry::{AppEntry, Installed, Refused};
use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, Package};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How long an installation waits to hear whether an app with routers starts.
const FIRST_START: Duration = Duration::from_secs(2);

/// What a start without anyone who needs it comes to.
type FirstStart = tokio::task::JoinHandle<Result<(), AppsError>>;

impl Apps {
    /// Installs the app of a directory.
    pub(crate) async fn install(
        self: &Arc<Self>,
        path: String,
        replace: bool,
    ) -> Result<Installation, AppsError> {
        let _under_way = self.publisher.drain.enter()?;
        let manifest = self.launcher.manifest(path).await?;
        let apps = Arc::clone(self);
        let installed = tokio::spawn(async move { apps.install_whole(manifest, replace).await });
        installed.await.unwrap_or(Err(AppsError::Draining(Draining)))
    }

    async fn install_whole(
        self: &Arc<Self>,
        manifest: Manifest,
        replace: bool,
    ) -> Result<Installation, AppsError> {
        let (name, mut warnings) = (manifest.name.clone(), manifest.warnings.clone());
        let kept = self.registry.install(manifest, replace).await;
        let Installed { entry, hooks, replaced } = kept.map_err(|refused| because(refused, &name))?;
        warnings.extend(self.registry.doubt_patterns(hooks.iter().map(|entry| &entry.hook.pattern)));
        if replaced {
            self.begin_anew(&name).await?;
        }
        if let Some(object) = AppObject::of(&entry) {
            self.tell(if replaced { "app-updated" } else { "app-installed" }, &object, None).await;
        }
        if let Some(start) = self.start_at_boot(&entry)
            && let Ok(Ok(Err(error))) = tokio::time::timeout(FIRST_START, start).await
        {
            warnings.push(format!("its routers do not answer yet: {error}"));
        }
        Ok(Installation { entry, hooks, replaced, warnings })
    }

    /// Ends what runs of the package of before, and forgets how its starts went.
    async fn begin_anew(&self, name: &AppName) -> Result<(), AppsError> {
        let (entry, _turn) = self.turn_to_end(name).await?;
        // One that does not run has nothing to end.
        let _ = self.stop_in_turn(&entry, Reason::Uninstall).await;
        self.launcher.renew(name);
        life(&entry).pardon();
        Ok(())
    }

    /// Starts an app with routers, without waiting for it.
    pub(crate) fn start_at_boot(self: &Arc<Self>, entry: &AppEntry) -> Option<FirstStart> {
        let starts = entry.app.enabled && entry.app.package.as_deref().is_some_and(Package::starts_at_boot);
        starts.then(|| {
            let (apps, name) = (Arc::clone(self), entry.app.name.clone());
            tokio::spawn(async move {
                let started = apps.start(name.as_str()).await.map(drop);
                if let Err(error) = &started {
                    tracing::warn!(app = %name, %error, "an app with routers did not start");
                }
                started
            })
        })
    }

    /// Removes an installed app: it is told, stopped, forgotten.
    pub(crate) async fn uninstall(self: &Arc<Self>, name: &str) -> Result<(), AppsError> {
        let (apps, name) = (Arc::clone(self), self.installed(name)?.app.name.clone());
        let removed = tokio::spawn(async move { apps.uninstall_whole(&name).await });
        removed.await.unwrap_or(Err(AppsError::Draining(Draining)))
    }

    async fn uninstall_whole(&self, name: &AppName) -> Result<(), AppsError> {
        let _under_way = self.publisher.drain.enter()?;
        // Kept to the end: nothing that starts it now finds it any more afterwards.
        let (entry, _turn) = self.turn_to_end(name).await?;
        let object = AppObject::of(&entry);
        if let Some(object) = &object {
            self.tell_itself("app-uninstalling", object, name).await;
        }
        // One that does not run has nothing to end.
        let _ = self.stop_in_turn(&entry, Reason::Uninstall).await;
        self.registry.remove_installed(name).await?;
        self.launcher.forget(name);
        if let Some(object) = &object {
            self.tell("app-uninstalled", object, None).await;
            // What `app-uninstalled` was once called; old listeners still wait for it.
            self.tell("app-deleted", object, None).await;
        }
        Ok(())
    }

    /// What is said and started once the server answers.
    pub(crate) async fn boot(self: &Arc<Self>) {
        #[derive(Serialize)]
        struct Nothing {}
        self.tell("system-started", &Nothing {}, None).await;
        let entries: Vec<_> = self.registry.directory.load().apps().cloned().collect();
        for entry in entries {
            self.start_at_boot(&entry);
        }
    }
}

fn because(refused: Refused, name: &AppName) -> AppsError {
    match refused {
        Refused::Installed => AppsError::Installed(name.clone()),
        Refused::NameTaken => AppsError::NameTaken(name.clone()),
        Refused::RootTaken(router, root, other) => AppsError::RootTaken { router, root, other },
        Refused::Package(error) => error.into(),
        Refused::Change(error) => error.into(),
    }
}
