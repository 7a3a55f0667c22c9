//! Options of the runtime, and the errors of opening it.

use footbridge_model::time::Clock;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Options for [`Runtime::open`](crate::Runtime::open).
#[derive(Debug, Clone)]
pub struct RuntimeOptions {
    /// Directory for the records of runs. Created if missing. Only one server at a time may use it.
    pub state: PathBuf,
    /// The program that runs [`init_main`](crate::init_main) when its first argument is `__app-init`.
    pub program: PathBuf,
    /// User that apps run as. A server that runs as root starts no app if this is not set.
    pub user: Option<String>,
    /// Time limit for an app to start listening.
    pub start_timeout: Duration,
    /// The server's complete environment. Apps get only a documented list of variables from it.
    pub environment: Vec<(OsString, OsString)>,
    /// Names of additional variables that apps get.
    pub pass_env: Vec<String>,
    /// URL under which apps reach the server; becomes `BOLT_ADDRESS`.
    pub bolt_address: String,
    /// Clock that timestamps lines of output.
    pub clock: Arc<dyn Clock>,
}

/// Reason why the runtime cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A directory or file of the state cannot be created.
    #[error("cannot write {} for the records of runs: give the server a directory it may write to", path.display())]
    State {
        /// The directory or file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `/etc/passwd` or `/etc/group` cannot be read.
    #[error("cannot read {path} to find [runtime] user")]
    Users {
        /// The path of the file.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// `[runtime] user` does not exist on this machine.
    #[error("[runtime] user = {0:?}: this machine has no such user: create it, or set another user")]
    UnknownUser(String),
    /// `[runtime] user` is another user, and the server does not run as root.
    #[error(
        "[runtime] user = {0:?}: only a server that runs as root can start apps as another user: remove the line, or run the server as root"
    )]
    CannotSwitch(String),
    /// The server's own program cannot be started as a helper.
    #[error("cannot start {} as the helper process of apps", program.display())]
    Helper {
        /// The path of the program.
        program: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The system refuses a thread.
    #[error("cannot start the thread that supervises apps")]
    Thread(#[source] io::Error),
}
