//! Messages between the server and the helper processes of a run: JSON lines over a socket.

use serde::{Deserialize, Serialize};

/// The first argument that makes the server's program run as a helper process.
pub(crate) const HELPER_ARGUMENT: &str = "__app-init";

/// The byte before the spec: a descriptor is passed with it.
pub(crate) const WITH_CHANNEL: u8 = b'+';
/// The byte before the spec: no descriptor is passed with it.
pub(crate) const WITHOUT_CHANNEL: u8 = b'-';

/// Placeholder in the arguments for the number of the descriptor, which only the helper knows.
pub(crate) const CHANNEL: &str = "{channel}";

/// The process of an app that a helper is to start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProcessSpec {
    /// Working directory, absolute.
    pub(crate) dir: String,
    /// The program and its arguments. The helper replaces [`CHANNEL`] by the number of the descriptor that was
    /// passed with the spec.
    pub(crate) argv: Vec<String>,
    /// The complete environment.
    pub(crate) env: Vec<(String, String)>,
    /// The user to switch to; `None` keeps the server's user.
    pub(crate) user: Option<UserIds>,
    /// The directory of the control group to join.
    pub(crate) cgroup: Option<String>,
}

/// The numeric ids of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserIds {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

/// A command of the server to a helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HelperCommand {
    /// Sends SIGTERM to the app's process group.
    Stop,
    /// Sends SIGKILL to every process of the run.
    Kill,
}

/// A report of a helper to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HelperReport {
    /// The program runs with this process id, as leader of its own process group.
    Started {
        pid: i32,
        /// Kinds of isolation that could not be set up, as text.
        missing: Vec<String>,
    },
    /// The program could not be started.
    Failed(SpawnFailure),
    /// The app ended. Every process of the run has ended before the server reads this.
    Ended(ExitCause),
}

/// Reason why a program could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpawnFailure {
    pub(crate) stage: SpawnStage,
    /// The system's error number; 0 if there is none.
    pub(crate) errno: i32,
}

/// The stage of the start that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SpawnStage {
    /// The helper process itself.
    Helper,
    /// New session, resource limits, `no_new_privs`.
    Limits,
    /// Switching to the user.
    User,
    /// Entering the working directory.
    Directory,
    /// Executing the program.
    Program,
}

/// How a process ended: an exit code or a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExitCause {
    Code(i32),
    Signal(i32),
}

impl std::fmt::Display for ExitCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// The isolation that this machine supports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Isolation {
    /// Reason why no process namespace can be created; `None` if it can.
    pub(crate) no_namespace: Option<String>,
}
