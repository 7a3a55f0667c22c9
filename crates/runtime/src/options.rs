//! What the runtime is opened with, and why it may not open.

use footbridge_model::time::Clock;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the runtime is opened with.
#[derive(Debug, Clone)]
pub struct RuntimeOptions {
    /// Directory for the records of runs; made when absent. One server at a time may use it.
    pub state: PathBuf,
    /// The program that runs [`init_main`](crate::init_main) when its first argument is `__app-init`.
    pub program: PathBuf,
    /// Whom apps run as. A server run as root starts no app without one.
    pub user: Option<String>,
    /// How long an app may take to listen.
    pub start_timeout: Duration,
    /// The server's whole environment; apps get the few variables they are promised.
    pub environment: Vec<(OsString, OsString)>,
    /// Further variables that apps get, by name.
    pub pass_env: Vec<String>,
    /// What apps call the server: `BOLT_ADDRESS`.
    pub bolt_address: String,
    /// The time of day, for lines of output.
    pub clock: Arc<dyn Clock>,
}

/// Why no app can be run.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A directory or file of the state cannot be made.
    #[error("cannot write {} for the records of runs: give the server a directory it may write to", path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The list of users cannot be read.
    #[error("cannot read {path} to find [runtime] user")]
    Users {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// `[runtime] user` is nobody.
    #[error("[runtime] user = {0:?}: this machine has no such user: create it, or name another")]
    UnknownUser(String),
    /// The server is not root.
    #[error(
        "[runtime] user = {0:?}: only a server run as root can start apps as another user: leave the line out, or run the server as root"
    )]
    CannotSwitch(String),
    /// Our own program does not run as a helper.
    #[error("cannot run {} as helper of apps", program.display())]
    Helper {
        /// Which program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start the thread that watches over apps")]
    Thread(#[source] io::Error),
}
