//! Why something could not be done with an installed app.

use crate::drain::Draining;
use crate::registry::ChangeError;
use footbridge_model::name::AppName;
use footbridge_model::package::ManifestError;
use footbridge_model::run::StartFailure;

/// Why something could not be done with an installed app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppsError {
    /// The server is shutting down.
    #[error(transparent)]
    Draining(#[from] Draining),
    /// There is no app of this name.
    #[error("there is no app `{0}`")]
    NoSuchApp(String),
    /// It is not one that this server starts.
    #[error("the app `{0}` was not installed from a directory, so this server neither starts nor stops it")]
    NotInstalled(AppName),
    /// It is installed already.
    #[error("the app `{0}` is installed already; say `replace` to install it again")]
    Installed(AppName),
    /// Another kind of app has its name.
    #[error("the name `{0}` is that of an app of the configuration file or the administration API")]
    NameTaken(AppName),
    /// Its directory cannot be installed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its routers want a place that another app's router has.
    #[error(
        "the router `{router}` wants `{root}`, where `{other}` has one with the same `order`; give one of them another"
    )]
    RootTaken {
        /// The router to be.
        router: String,
        /// Where.
        root: String,
        /// Whose is there already: app and router.
        other: String,
    },
    /// There is nothing to run.
    #[error("the app `{0}` has nothing to run: no `bolt.main`, no `footbridge.command` and no routers")]
    NothingToRun(AppName),
    /// It is switched off.
    #[error(
        "the app `{0}` is switched off; `PATCH /api/v1/apps/{0}` with {{\"enabled\": true}} switches it on"
    )]
    SwitchedOff(AppName),
    /// It does not run.
    #[error("the app `{0}` is not running")]
    NotRunning(AppName),
    /// It did not start.
    #[error("the app `{app}` did not start: {failure}")]
    Start {
        /// Which app.
        app: AppName,
        /// Why.
        failure: StartFailure,
    },
    /// The registry refused it.
    #[error(transparent)]
    Change(#[from] ChangeError),
}
