//! Verbs over installed apps.

use super::build::Engine;
use crate::apps::{AppsError, Installation, LiveApp, MountedRouter, Reach, Reason};
use footbridge_model::name::AppName;
use footbridge_model::run::OutputLine;

impl Engine {
    /// Says that the server has started, and starts the apps that run from then on. To be called once,
    /// before the server answers: a hook that is made later does not hear of its start.
    pub async fn boot(&self) {
        self.0.apps.boot().await;
    }

    /// Installs the app of a directory on this machine, with its hooks, or nothing of it. `replace`
    /// installs an app anew: hooks that are no longer there take their pending deliveries with them.
    ///
    /// # Errors
    /// [`AppsError`]; nothing has changed then.
    pub async fn install(&self, path: String, replace: bool) -> Result<Installation, AppsError> {
        self.0.apps.install(path, replace).await
    }

    /// Removes an installed app with its hooks and links, stopping it first.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn uninstall(&self, name: &str) -> Result<(), AppsError> {
        self.0.apps.uninstall(name).await
    }

    /// Starts an installed app, or gives the run it has.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn start_app(&self, name: &str) -> Result<LiveApp, AppsError> {
        self.0.apps.runnable(name)?;
        let app = &self.0.apps.installed(name)?.app;
        if !app.enabled {
            return Err(AppsError::SwitchedOff(app.name.clone()));
        }
        self.0.apps.start(name).await
    }

    /// Stops an installed app; resolves once every process of it is gone, with what ran.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn stop_app(&self, name: &str) -> Result<LiveApp, AppsError> {
        self.0.apps.stop(name, Reason::Stop).await
    }

    /// Stops every app, telling each before; for the end of the server, while it still delivers.
    pub async fn stop_apps(&self) {
        self.0.apps.stop_all().await;
    }

    /// The installed apps that run, by name.
    pub fn live_apps(&self) -> Vec<LiveApp> {
        self.0.apps.live()
    }

    /// A running app to speak to, started first if it is down. It does not count as idle while what
    /// is given is held.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn reach(&self, name: &str) -> Result<Reach, AppsError> {
        self.0.apps.runnable(name)?;
        let live = self.0.apps.start(name).await?;
        Ok(Reach::new(&live))
    }

    /// The routers that answer `path` (without its query), in the order in which they are asked.
    pub fn routers_at(&self, path: &str) -> Vec<MountedRouter> {
        self.0.apps.routers_at(path)
    }

    /// Whether `path` (of the app, without its query) is one of the app's own `server` hook routes,
    /// which only this server may POST to.
    pub fn is_hook_route(&self, name: &str, path: &str) -> bool {
        self.0.apps.is_hook_route(name, path)
    }

    /// What an installed app wrote after the line of this number, at most `limit` lines.
    ///
    /// # Errors
    /// [`AppsError::NoSuchApp`], [`AppsError::NotInstalled`]
    pub fn output(&self, name: &str, after: u64, limit: usize) -> Result<Vec<OutputLine>, AppsError> {
        let entry = self.0.apps.installed(name)?;
        Ok(self.0.apps.launcher.output(&entry.app.name, after, limit))
    }

    /// Resolves once the app has written a line with a number above `after`.
    pub async fn written(&self, name: &AppName, after: u64) {
        self.0.apps.launcher.written(name.clone(), after).await;
    }
}
