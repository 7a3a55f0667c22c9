//! Verbs over installed apps.

use super::build::Engine;
use crate::apps::{AppsError, Installation, LiveApp, MountedRouter, Reach};
use footbridge_model::name::AppName;
use footbridge_model::run::OutputLine;

impl Engine {
    /// Installs the app of a directory on this machine, with its hooks, or nothing of it. `replace`
    /// installs an app anew: hooks that are no longer there take their pending deliveries with them.
    ///
    /// # Errors
    /// [`AppsError`]; nothing has changed then.
    pub async fn install(&self, path: String, replace: bool) -> Result<Installation, AppsError> {
        let _ = (path, replace);
        Err(AppsError::NoSuchApp(String::new()))
    }

    /// Removes an installed app with its hooks and links, stopping it first.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn uninstall(&self, name: &str) -> Result<(), AppsError> {
        Err(AppsError::NoSuchApp(name.to_owned()))
    }

    /// Starts an installed app, or gives the run it has.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn start_app(&self, name: &str) -> Result<LiveApp, AppsError> {
        Err(AppsError::NoSuchApp(name.to_owned()))
    }

    /// Stops an installed app; resolves once every process of it is gone, with what ran.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn stop_app(&self, name: &str) -> Result<LiveApp, AppsError> {
        Err(AppsError::NoSuchApp(name.to_owned()))
    }

    /// The installed apps that run, by name.
    pub fn live_apps(&self) -> Vec<LiveApp> {
        Vec::new()
    }

    /// A running app to speak to, started first if it is down. It does not count as idle while what
    /// is given is held.
    ///
    /// # Errors
    /// [`AppsError`]
    pub async fn reach(&self, name: &str) -> Result<Reach, AppsError> {
        Err(AppsError::NoSuchApp(name.to_owned()))
    }

    /// The routers that answer `path` (without its query), in the order in which they are asked.
    pub fn routers_at(&self, path: &str) -> Vec<MountedRouter> {
        let _ = path;
        Vec::new()
    }

    /// Whether `path` (of the app, without its query) is one of the app's own `server` hook routes,
    /// which only this server may POST to.
    pub fn is_hook_route(&self, name: &str, path: &str) -> bool {
        let _ = (name, path);
        false
    }

    /// What an installed app wrote after the line of this number, at most `limit` lines.
    ///
    /// # Errors
    /// [`AppsError::NoSuchApp`], [`AppsError::NotInstalled`]
    pub fn output(&self, name: &str, after: u64, limit: usize) -> Result<Vec<OutputLine>, AppsError> {
        let _ = (after, limit);
        Err(AppsError::NoSuchApp(name.to_owned()))
    }

    /// Resolves once the app has written a line with a number above `after`.
    pub async fn written(&self, name: &AppName, after: u64) {
        let _ = (name, after);
        std::future::pending::<()>().await;
    }
}
