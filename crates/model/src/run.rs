//! Runs of installed apps: from the start of a process until its last descendant is gone.

use crate::name::AppName;
use crate::package::Package;
use crate::secret::Secret;
use std::net::SocketAddr;
use std::time::Duration;

/// The number of a run; unique during the life of the server process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// The header with the secret of a run, in every request from this server to an installed app. Every process on the machine
/// can reach the app's port, but only the server and the app know the secret. The Node host checks and removes the header;
/// a program started by a command finds the secret in [`RUN_SECRET_VARIABLE`] and can check it.
pub const RUN_SECRET: &str = "footbridge-run-secret";

/// The environment variable with the secret of the run, for programs started by a command.
pub const RUN_SECRET_VARIABLE: &str = "FOOTBRIDGE_RUN_SECRET";

/// The order to start an app.
#[derive(Debug, Clone)]
pub struct StartOrder {
    /// The app to start.
    pub app: AppName,
    /// The package of the app.
    pub package: Package,
    /// The app's token for this run; routers see it as `request.bolt.token`. It reaches the Node host over a socket, never
    /// through the environment, an argument or a file.
    pub token: Secret,
    /// Proves to the app that a request comes from this server; see [`RUN_SECRET`].
    pub secret: Secret,
}

/// A run whose process listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// The number of the run.
    pub run: RunId,
    /// The address that it listens on; always a loopback address.
    pub address: SocketAddr,
    /// The id of its process.
    pub pid: u32,
}

/// The reason why an app did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct StartFailure {
    /// What went wrong and how to mend it, for the operator, without secrets.
    pub why: String,
    /// The wait before the next start.
    pub again_in: Duration,
}

/// The end of a run. All of its processes are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The app that has ended.
    pub app: AppName,
    /// The number of the run.
    pub run: RunId,
    /// True if the server has stopped it, false if it ended by itself.
    pub stopped: bool,
    /// The manner of the end: `exit code 1`, `killed by signal 9`.
    pub how: String,
}

/// One line of an app's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// The number of the line, from 1, over all runs of the app since the start of the server.
    pub number: u64,
    /// The time at which the server read it.
    pub at: crate::time::Millis,
    /// The stream that it was written to.
    pub stream: Stream,
    /// The text without the line break. It is cut if it is too long; invalid UTF-8 is replaced.
    pub text: String,
}

/// The source of a line of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The standard output of the app.
    Out,
    /// The standard error of the app.
    Err,
    /// The server, with a note about the app: started, stopped, lines left out.
    Server,
}

impl Stream {
    /// The name of the source in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Server => "server",
        }
    }
}

/// A call of a function with an event.
#[derive(Debug, Clone)]
pub struct FunctionCall {
    /// The app of the function.
    pub app: AppName,
    /// The app's directory.
    pub dir: String,
    /// The file of the function, a path within that directory.
    pub file: String,
    /// The event that the function receives: one JSON text.
    pub event: bytes::Bytes,
}

/// The result of a function that succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionAnswer {
    /// The returned value as JSON; `None` for `undefined`.
    pub value: Option<String>,
    /// The events that it published, in order.
    pub published: Vec<FunctionPublish>,
    /// The console output, cut to a limit.
    pub log: String,
}

/// One call of `ctx.publish` in a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionPublish {
    /// The name of the event.
    pub name: String,
    /// The second argument as JSON: `{body?, headers?, subscribers?}`; `{}` if it was left out.
    pub options: String,
}

/// The failure of a function. The events that it published are discarded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionFailure {
    /// The exception with its stack, or the limit that was exceeded.
    pub message: String,
    /// True if it took too long.
    pub timed_out: bool,
    /// The console output, cut to a limit.
    pub log: String,
}
