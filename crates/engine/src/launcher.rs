//! The port to installed apps: their packages, their runs, their functions.

use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError};
use footbridge_model::run::{
    FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, Running, StartFailure, StartOrder,
};
use std::future::Future;
use std::pin::Pin;

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

    /// Forgets what is kept of an app that was uninstalled.
    fn forget(&self, app: &AppName);

    /// Calls a function in a process of its own.
    fn call(&self, call: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>>;

    /// What an operator should know about how well apps are kept apart, in words.
    fn warnings(&self) -> Vec<String>;
}
