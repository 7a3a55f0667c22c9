//! The engine's launcher: the runtime for apps and the workers for functions.

use crate::config::{Config, env::Env};
use crate::first_run;
use footbridge_engine::{Launcher, Launching};
use footbridge_functions::{FunctionOptions, Functions};
use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError};
use footbridge_model::run::{
    Exit, FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, Running, StartFailure, StartOrder,
};
use footbridge_model::time::Clock;
use footbridge_runtime::{
    ReservedPaths, Runtime, RuntimeError, RuntimeOptions, read_manifest, readable_to_apps,
};
use footbridge_server::OWN_PATHS;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The suffix of the directory for runs beside the database: `footbridge.db` has `footbridge.db-runs`.
const RUNS: &str = "-runs";

/// Starts apps and calls their functions.
struct Apps {
    runtime: Runtime,
    functions: Functions,
    /// The base of relative install paths.
    base: PathBuf,
}

/// A launcher, and the channel that reports ended runs.
pub(super) type Opened = (Arc<dyn Launcher>, mpsc::Receiver<Exit>);

/// Returns the launcher for a configuration.
///
/// # Errors
/// [`RuntimeError`]
pub(super) fn launcher(
    config: &Config,
    public_url: &str,
    env: &Env,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, RuntimeError> {
    let program = own_program();
    let runtime = &config.runtime;
    let opened = Runtime::open(RuntimeOptions {
        state: beside(&config.database),
        program: program.clone(),
        user: runtime.user.clone(),
        start_timeout: runtime.start_timeout,
        environment: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        pass_env: runtime.pass_env.clone(),
        bolt_address: public_url.to_owned(),
        clock: Arc::clone(clock),
    })?;
    let functions = Functions::new(FunctionOptions::new(program, runtime.function_timeout));
    let apps = Apps { runtime: opened.runtime, functions, base: runtime.dir.clone() };
    Ok((Arc::new(apps), opened.exits))
}

/// Returns a warning for each file with secrets that started apps can read.
pub(super) fn open_secrets(config: &Config) -> Result<Vec<String>, RuntimeError> {
    let database = &config.database;
    let beside =
        [first_run::admin_token_file(database), first_run::master_key_file(database), database.clone()];
    let files: Vec<PathBuf> = config.secret_files.iter().cloned().chain(beside).collect();
    readable_to_apps(config.runtime.user.as_deref(), &files)
}

/// Returns the path of this program. It stays right if the file on the disk is replaced.
fn own_program() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(OsString::from(RUNS));
    PathBuf::from(name)
}

impl Launcher for Apps {
    fn manifest(&self, path: String) -> Launching<Result<Manifest, ManifestError>> {
        let base = self.base.clone();
        Box::pin(async move { read_manifest(&base, &path, ReservedPaths(OWN_PATHS)).await })
    }

    fn start(&self, order: StartOrder) -> Launching<Result<Running, StartFailure>> {
        Box::pin(self.runtime.start(order))
    }

    fn stop(&self, app: AppName) -> Launching<()> {
        Box::pin(self.runtime.stop(app))
    }

    fn stop_all(&self) -> Launching<()> {
        Box::pin(self.runtime.stop_all())
    }

    fn output(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine> {
        self.runtime.output(app, after, limit)
    }

    fn written(&self, app: AppName, after: u64) -> Launching<()> {
        Box::pin(self.runtime.written(app, after))
    }

    fn renew(&self, app: &AppName) {
        self.runtime.renew(app);
    }

    fn forget(&self, app: &AppName) {
        self.runtime.forget(app);
    }

    fn call(&self, call: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>> {
        Box::pin(self.functions.call(call))
    }

    fn warnings(&self) -> Vec<String> {
        self.runtime.warnings()
    }
}
