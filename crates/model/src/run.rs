//! A run of an installed app: from just before its start until its last process is gone.

use crate::name::AppName;
use crate::package::Package;
use crate::secret::Secret;
use std::net::SocketAddr;
use std::time::Duration;

/// Numbers the runs of one server; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// The header that every request from this server to an app it runs carries: anyone on the machine can reach the
/// app's port, and only the server and the app know the secret of the run. The Node host demands it and takes it off;
/// a program started by a command finds the secret in [`RUN_SECRET_VARIABLE`] and checks for itself.
pub const RUN_SECRET: &str = "footbridge-run-secret";

/// The variable that holds the secret of the run, for programs started by a command.
pub const RUN_SECRET_VARIABLE: &str = "FOOTBRIDGE_RUN_SECRET";

/// What is to be started.
#[derive(Debug, Clone)]
pub struct StartOrder {
    /// Which app.
    pub app: AppName,
    /// What its package says.
    pub package: Package,
    /// The app's token for this run: routers see it as `request.bolt.token`. It reaches the app's host
    /// over a socket, never through the environment, an argument or a file.
    pub token: Secret,
    /// What proves to the app that a request comes from this server; see [`RUN_SECRET`].
    pub secret: Secret,
}

/// An app that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Which run of it.
    pub run: RunId,
    /// Where it listens; always a loopback address.
    pub address: SocketAddr,
    /// Its process.
    pub pid: u32,
}

/// Why an app did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct StartFailure {
    /// What went wrong and how to mend it, for the operator. Holds no secret.
    pub why: String,
    /// No start will be tried before this has passed.
    pub again_in: Duration,
}

/// The end of a run. Every process of it is gone by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Which app.
    pub app: AppName,
    /// Which run of it.
    pub run: RunId,
    /// Whether it was stopped, rather than ended by itself.
    pub stopped: bool,
    /// How it ended, in words: `exit code 1`, `killed by signal 9`.
    pub how: String,
}

/// One line that an app wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Counts the lines of the app, from 1, over all its runs since the server started.
    pub number: u64,
    /// When it was read.
    pub at: crate::time::Millis,
    /// Which of its streams.
    pub stream: Stream,
    /// The line, without its end; cut when it was too long, with invalid UTF-8 replaced.
    pub text: String,
}

/// Where a line of an app's output comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Its standard output.
    Out,
    /// Its standard error.
    Err,
    /// The server, about the app: started, stopped, lines left out.
    Server,
}

impl Stream {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Server => "server",
        }
    }
}

/// A function to be called with an event.
#[derive(Debug, Clone)]
pub struct FunctionCall {
    /// Whose it is.
    pub app: AppName,
    /// The directory of the app.
    pub dir: String,
    /// Its file, a path within that directory.
    pub file: String,
    /// The event as the function sees it: one JSON text.
    pub event: bytes::Bytes,
}

/// What a function that ended well gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionAnswer {
    /// What it returned, as JSON; `None` for `undefined`.
    pub value: Option<String>,
    /// What it published, in order.
    pub published: Vec<FunctionPublish>,
    /// What it wrote to its console, capped.
    pub log: String,
}

/// One `ctx.publish`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionPublish {
    /// The name it gave.
    pub name: String,
    /// The second argument as JSON: `{body?, headers?, subscribers?}`; `{}` when it was left out.
    pub options: String,
}

/// A function that did not end well. Nothing of what it published counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FunctionFailure {
    /// The exception with its stack, or which limit it broke.
    pub message: String,
    /// Whether it took too long.
    pub timed_out: bool,
    /// What it wrote to its console, capped.
    pub log: String,
}
