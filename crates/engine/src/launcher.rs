//! The port to installed apps: their packages, their runs, their functions.

use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError, ManifestProblem};
use footbridge_model::run::{
    FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, Running, StartFailure, StartOrder,
};
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

/// The answer of a launcher, to be awaited on any thread.
pub type Launching<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Installs nothing and decides nothing: it reads directories, and starts and ends what it is told to.
/// Whoever builds an engine also gives it the receiver of [`Exit`](footbridge_model::run::Exit)s.
pub trait Launcher: Send + Sync {
    /// Reads and checks the `package.json` of a directory.
    fn manifest(&self, path: String) -> Launching<Result<Manifest, ManifestError>>;

    /// Starts an app and waits until it listens. The engine asks for one start of an app at a time.
    fn start(&self, order: StartOrder) -> Launching<Result<Running, StartFailure>>;

    /// Ends a run, gently first; resolves once every process of it is gone. An app that does not run
    /// is stopped already.
    fn stop(&self, app: AppName) -> Launching<()>;

    /// Ends every run; resolves once all of them are gone.
    fn stop_all(&self) -> Launching<()>;

    /// What an app wrote after the line of this number (0: from the oldest kept), at most `limit` lines.
    fn output(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine>;

    /// Resolves once an app has written a line with a number above `after`.
    fn written(&self, app: AppName, after: u64) -> Launching<()>;

    /// Forgets how an app's starts went: it was installed anew.
    fn renew(&self, app: &AppName);

    /// Forgets what is kept of an app that was uninstalled.
    fn forget(&self, app: &AppName);

    /// Calls a function in a process of its own.
    fn call(&self, call: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>>;

    /// What an operator should know about how well apps are kept apart, in words.
    fn warnings(&self) -> Vec<String>;
}

/// The launcher of a server that installs no apps.
#[derive(Debug, Clone, Copy)]
pub struct NoLauncher;

/// Why nothing is installed or started there.
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
