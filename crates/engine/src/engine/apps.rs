//! Operations on installed apps.

use super::build::Engine;
use crate::apps::{AppConnection, AppsError, Installation, MountedRouter, RunningApp};
use crate::system_event::StopReason;
use footbridge_model::audit::AuditObject;
use footbridge_model::name::AppName;
use footbridge_model::run::OutputLine;

impl Engine {
    /// Publishes `system-started` and starts the apps that have routers. Call this once, before the server answers
    /// requests: hooks that are made later do not receive the event.
    pub async fn boot(&self) {
        self.0.apps.boot().await;
    }

    /// Installs the app in the directory `path` with its hooks. `replace` allows it to be installed already: pending
    /// deliveries of hooks that the new package no longer has are cancelled.
    ///
    /// # Errors
    /// [`AppsError`]; nothing has changed.
    pub async fn install(&self, path: String, replace: bool) -> Result<Installation, AppsError> {
        self.0.apps.install(self.actor(), path, replace).await
    }

    /// Stops and uninstalls an app, and deletes its hooks and links.
    ///
    /// # Errors
    /// [`AppsError`] if no such app is installed, or the registry cannot be written.
    pub async fn uninstall(&self, name: &str) -> Result<(), AppsError> {
        self.0.apps.uninstall(self.actor(), name).await
    }

    /// Starts an installed app, or returns the run that it has.
    ///
    /// # Errors
    /// [`AppsError`] if the app cannot run, is switched off, or did not start.
    pub async fn start_app(&self, name: &str) -> Result<RunningApp, AppsError> {
        self.0.apps.check_runnable(name)?;
        let entry = self.0.apps.installed(name)?;
        let app = &entry.app;
        if !app.enabled {
            return Err(AppsError::SwitchedOff(app.name.clone()));
        }
        let started = self.0.apps.start(name).await?;
        self.note("app.start", AuditObject::new("app", &app.name)).await;
        Ok(started)
    }

    /// Stops an installed app. Returns the run that has ended, once every process of it is gone.
    ///
    /// # Errors
    /// [`AppsError`] if no such app is installed or it does not run.
    pub async fn stop_app(&self, name: &str) -> Result<RunningApp, AppsError> {
        let entry = self.0.apps.installed(name)?;
        self.0.apps.check_runs_here(&entry)?;
        let stopped = self.0.apps.stop(name, StopReason::Stop).await?;
        self.note("app.stop", AuditObject::new("app", &entry.app.name)).await;
        Ok(stopped)
    }

    /// Stops every app, for the end of the server. Call this while events are still delivered: each app gets
    /// `app-stopping`.
    pub async fn stop_apps(&self) {
        self.0.apps.stop_all().await;
    }

    /// Ends the processes of every app without a word to them, after the session was lost: another server runs the
    /// apps, and this one can store no event.
    pub async fn end_apps(&self) {
        self.0.apps.launcher.stop_all().await;
    }

    /// The installed apps that run, sorted by name.
    pub fn running_apps(&self) -> Vec<RunningApp> {
        self.0.apps.running()
    }

    /// Starts an installed app if it does not run, and returns a connection to it. The app does not count as idle while
    /// the connection exists.
    ///
    /// # Errors
    /// [`AppsError`] if the app cannot run or did not start.
    pub async fn connect_app(&self, name: &str) -> Result<AppConnection, AppsError> {
        self.0.apps.check_runnable(name)?;
        let running = self.0.apps.start(name).await?;
        Ok(AppConnection::new(&running))
    }

    /// The routers that answer `path` (without its query), in the order in which they are asked.
    pub fn routers_at(&self, path: &str) -> Vec<MountedRouter> {
        self.0.apps.routers_at(path)
    }

    /// Returns true if `path` (within the app, without its query) is the route of one of the app's `server` hooks. Only
    /// this server may POST there.
    pub fn is_hook_route(&self, name: &str, path: &str) -> bool {
        self.0.apps.is_hook_route(name, path)
    }

    /// The output of an installed app after the line numbered `after`, at most `limit` lines.
    ///
    /// # Errors
    /// [`AppsError::NoSuchApp`], [`AppsError::NotInstalled`]
    pub fn output(&self, name: &str, after: u64, limit: usize) -> Result<Vec<OutputLine>, AppsError> {
        let entry = self.0.apps.installed(name)?;
        Ok(self.0.apps.launcher.output(&entry.app.name, after, limit))
    }

    /// Waits until the app has written a line numbered above `after`.
    pub async fn written(&self, name: &AppName, after: u64) {
        self.0.apps.launcher.written(name.clone(), after).await;
    }
}
