//! The port for installed apps: packages, runs and functions.

use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError, ManifestProblem};
use footbridge_model::run::{
    FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, Running, StartFailure, StartOrder,
};
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

/// The future of a launcher call. It can be awaited on any thread.
pub type Launching<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Reads packages, and starts and stops processes on request. It decides nothing. It reports the end of every run through
/// the channel of [`Exit`](footbridge_model::run::Exit)s in [`EngineOptions`](crate::EngineOptions).
pub trait Launcher: Send + Sync {
    /// Reads and checks the `package.json` of a directory.
    fn manifest(&self, path: String) -> Launching<Result<Manifest, ManifestError>>;

    /// Starts an app and waits until it listens. The engine asks for one start of an app at a time.
    fn start(&self, order: StartOrder) -> Launching<Result<Running, StartFailure>>;

    /// Stops the run of an app, gracefully first. Resolves once every process of it is gone, or at once if the app does not
    /// run.
    fn stop(&self, app: AppName) -> Launching<()>;

    /// Stops every run. Resolves once all processes are gone.
    fn stop_all(&self) -> Launching<()>;

    /// The output of an app after the line numbered `after` (0: from the oldest stored line), at most `limit` lines.
    fn output(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine>;

    /// Waits until an app has written a line numbered above `after`.
    fn written(&self, app: AppName, after: u64) -> Launching<()>;

    /// Forgets the failed starts of an app that was installed again.
    fn renew(&self, app: &AppName);

    /// Forgets everything about an app that was uninstalled.
    fn forget(&self, app: &AppName);

    /// Calls a function in a process of its own.
    fn call(&self, call: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>>;

    /// Warnings for the operator about the isolation of apps, in words.
    fn warnings(&self) -> Vec<String>;
}

/// The launcher of a server that installs no apps.
#[derive(Debug, Clone, Copy)]
pub struct NoLauncher;

/// The reason in its errors.
const NONE: &str = "this server installs no apps";

impl Launcher for NoLauncher {
    fn manifest(&self, _: String) -> Launching<Result<Manifest, ManifestError>> {
        Box::pin(ready(Err(ManifestError { problem: ManifestProblem::NoDirectory, why: NONE.to_owned() })))
    }

    fn start(&self, _: StartOrder) -> Launching<Result<Running, StartFailure>> {
        Box::pin(ready(Err(StartFailure { why: NONE.to_owned(), again_in: Duration::from_mins(1) })))
    }

    fn stop(&self, _: AppName) -> Launching<()> {
        Box::pin(ready(()))
    }

    fn stop_all(&self) -> Launching<()> {
        Box::pin(ready(()))
    }

    fn output(&self, _: &AppName, _: u64, _: usize) -> Vec<OutputLine> {
        Vec::new()
    }

    fn written(&self, _: AppName, _: u64) -> Launching<()> {
        Box::pin(std::future::pending())
    }

    fn renew(&self, _: &AppName) {}

    fn forget(&self, _: &AppName) {}

    fn call(&self, _: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>> {
        let failure = FunctionFailure { message: NONE.to_owned(), timed_out: false, log: String::new() };
        Box::pin(ready(Err(failure)))
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}
