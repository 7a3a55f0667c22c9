//! Installing and uninstalling apps.

use super::error::AppsError;
use super::installed::{Apps, lifecycle};
use super::view::Installation;
use crate::detached::detached;
use crate::registry::{AppEntry, InstallRefusal, Installed};
use crate::system_event::{StopReason, SystemEvent};
use footbridge_model::audit::Actor;
use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, Package};
use std::sync::Arc;
use std::time::Duration;

/// How long an installation waits for the first start of an app with routers, to report a failure in its answer.
const FIRST_START_WAIT: Duration = Duration::from_secs(2);

/// A start in the background.
type BackgroundStart = tokio::task::JoinHandle<Result<(), AppsError>>;

impl Apps {
    /// Installs the app in the directory `path`. `replace` allows it to be installed already.
    pub(crate) async fn install(
        self: &Arc<Self>,
        by: Arc<Actor>,
        path: String,
        replace: bool,
    ) -> Result<Installation, AppsError> {
        let in_flight = self.publisher.drain.enter()?;
        let manifest = self.launcher.manifest(path).await?;
        let apps = Arc::clone(self);
        detached(async move {
            let _in_flight = in_flight;
            apps.install_manifest(&by, manifest, replace).await
        })
        .await
    }

    async fn install_manifest(
        self: &Arc<Self>,
        by: &Actor,
        manifest: Manifest,
        replace: bool,
    ) -> Result<Installation, AppsError> {
        let (name, mut warnings) = (manifest.name.clone(), manifest.warnings.clone());
        let installed = self.registry.install(by, manifest, replace).await;
        let Installed { entry, hooks, replaced } = installed.map_err(|refusal| refused(refusal, &name))?;
        warnings.extend(self.registry.warn_patterns(hooks.iter().map(|entry| &entry.hook.pattern)));
        if replaced {
            self.stop_replaced(&name).await?;
            self.publish_event(SystemEvent::AppUpdated(&entry)).await;
        } else {
            self.publish_event(SystemEvent::AppInstalled(&entry)).await;
        }
        if let Some(start) = self.start_at_boot(&entry)
            && let Ok(Ok(Err(error))) = tokio::time::timeout(FIRST_START_WAIT, start).await
        {
            warnings.push(format!("its routers do not answer yet: {error}"));
        }
        Ok(Installation { entry, hooks, replaced, warnings })
    }

    /// Stops the run of the replaced package and forgets its failed starts.
    async fn stop_replaced(&self, name: &AppName) -> Result<(), AppsError> {
        let (entry, _guard) = self.lock_to_stop(name).await?;
        // The only error is that the app does not run.
        let _ = self.stop_locked(&entry, StopReason::Uninstall).await;
        self.launcher.renew(name);
        lifecycle(&entry).clear_failure();
        Ok(())
    }

    /// Starts an app in the background if it has routers: those must answer from the first request on.
    pub(crate) fn start_at_boot(self: &Arc<Self>, entry: &AppEntry) -> Option<BackgroundStart> {
        let starts = entry.app.enabled && entry.app.package.as_deref().is_some_and(Package::starts_at_boot);
        // The owner of the app's partition starts it, as soon as it has the partition.
        let starts = starts && self.check_runs_here(entry).is_ok();
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

    /// Uninstalls an app: notifies it, stops it, and deletes it with its hooks and links.
    pub(crate) async fn uninstall(self: &Arc<Self>, by: Arc<Actor>, name: &str) -> Result<(), AppsError> {
        let (apps, name) = (Arc::clone(self), self.installed(name)?.app.name.clone());
        detached(async move { apps.uninstall_locked(&by, &name).await }).await
    }

    async fn uninstall_locked(&self, by: &Actor, name: &AppName) -> Result<(), AppsError> {
        let _in_flight = self.publisher.drain.enter()?;
        // Held to the end: a start that waits for the lock finds no app afterwards.
        let (entry, _guard) = self.lock_to_stop(name).await?;
        self.notify_app(SystemEvent::AppUninstalling(&entry), name).await;
        // The only error is that the app does not run.
        let _ = self.stop_locked(&entry, StopReason::Uninstall).await;
        self.registry.remove_installed(by, name).await?;
        self.launcher.forget(name);
        self.publish_event(SystemEvent::AppUninstalled(&entry)).await;
        self.publish_event(SystemEvent::AppDeleted(&entry)).await;
        Ok(())
    }

    /// Publishes `system-started` and starts the apps with routers, once the server answers requests.
    pub(crate) async fn boot(self: &Arc<Self>) {
        self.publish_event(SystemEvent::SystemStarted).await;
        let entries: Vec<_> = self.registry.directory.load().apps().cloned().collect();
        for entry in entries {
            self.start_at_boot(&entry);
        }
    }
}

fn refused(refusal: InstallRefusal, name: &AppName) -> AppsError {
    match refusal {
        InstallRefusal::Installed => AppsError::Installed(name.clone()),
        InstallRefusal::NameTaken => AppsError::NameTaken(name.clone()),
        InstallRefusal::RootTaken(router, root, other) => AppsError::RootTaken { router, root, other },
        InstallRefusal::Package(error) => error.into(),
        InstallRefusal::Change(error) => error.into(),
    }
}
