//! Errors of operations on installed apps.

use crate::drain::Draining;
use crate::registry::ChangeError;
use footbridge_model::name::AppName;
use footbridge_model::package::ManifestError;
use footbridge_model::run::StartFailure;

/// An error of an operation on an installed app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppsError {
    /// The server is shutting down.
    #[error(transparent)]
    Draining(#[from] Draining),
    /// No app has this name.
    #[error("there is no app `{0}`")]
    NoSuchApp(String),
    /// The app was not installed from a directory.
    #[error("the app `{0}` was not installed from a directory, so this server neither starts nor stops it")]
    NotInstalled(AppName),
    /// An app of this name is installed already.
    #[error(
        "the app `{0}` is already installed; to install it again, send `\"replace\": true` (`footbridge app install DIR --replace`)"
    )]
    Installed(AppName),
    /// An app that was not installed from a directory has this name.
    #[error("the name `{0}` is that of an app of the configuration file or the administration API")]
    NameTaken(AppName),
    /// The directory cannot be installed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A router of another app has the same path and order.
    #[error(
        "the router `{router}` wants `{root}`, where `{other}` has one with the same `order`; give one of them another"
    )]
    RootTaken {
        /// The router that was to be installed.
        router: String,
        /// The path of both routers.
        root: String,
        /// The other router: app and name.
        other: String,
    },
    /// The app has no program and no routers.
    #[error("the app `{0}` has nothing to run: no `bolt.main`, no `footbridge.command` and no routers")]
    NothingToRun(AppName),
    /// The app is switched off.
    #[error(
        "the app `{0}` is switched off; `PATCH /api/v1/apps/{0}` with {{\"enabled\": true}} switches it on"
    )]
    SwitchedOff(AppName),
    /// Another server that shares the store runs the app.
    #[error(
        "this server does not run the app `{0}` now: another server that shares the store has it, or takes it within \
         seconds; send the request to that server, or again a little later"
    )]
    OnAnotherServer(AppName),
    /// The app does not run.
    #[error("the app `{0}` is not running")]
    NotRunning(AppName),
    /// The app did not start.
    #[error("the app `{app}` did not start: {failure}")]
    Start {
        /// The app that did not start.
        app: AppName,
        /// The reason and the wait before the next start.
        failure: StartFailure,
    },
    /// The registry refused the change.
    #[error(transparent)]
    Change(#[from] ChangeError),
}
