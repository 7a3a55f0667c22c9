//! What the server and the helper processes of a run say to each other: JSON lines over a socket.

use serde::{Deserialize, Serialize};

/// The word that makes our program a helper process.
pub(crate) const WORD: &str = "__app-init";

/// Before the spec goes one byte: whether a descriptor comes with it.
pub(crate) const WITH_CHANNEL: u8 = b'+';
/// See [`WITH_CHANNEL`].
pub(crate) const WITHOUT_CHANNEL: u8 = b'-';

/// Stands in the arguments for a number that only the helper knows.
pub(crate) const CHANNEL: &str = "{channel}";

/// An app as a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// Where it runs; absolute.
    pub(crate) dir: String,
    /// The program with its arguments. Where one is [`CHANNEL`], the number of the descriptor that came with
    /// the spec takes its place.
    pub(crate) argv: Vec<String>,
    /// Its whole environment.
    pub(crate) env: Vec<(String, String)>,
    /// Whom it runs as; `None` for whoever runs the server.
    pub(crate) user: Option<Ids>,
    /// The control group it joins.
    pub(crate) cgroup: Option<String>,
}

/// A user as the kernel knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

/// What the server asks of a helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// SIGTERM to the app's group.
    Stop,
    /// SIGKILL to everything.
    Kill,
}

/// What a helper tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The program runs, under this process id, as leader of a group of its own.
    Started {
        pid: i32,
        /// Layers that could not be put around it, in words.
        missing: Vec<String>,
    },
    /// The program does not run.
    Failed(Failed),
    /// It ended. Once the server reads this, every process of the run is gone.
    Ended(Ending),
}

/// Why a program does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) step: Step,
    /// The system's error number; 0 for none.
    pub(crate) errno: i32,
}

/// What a helper does before the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Anything about the helper itself.
    Helper,
    /// Its own session, limits, no new privileges.
    Limits,
    /// Becoming the user.
    User,
    /// Entering its directory.
    Directory,
    /// Running the program.
    Program,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    Code(i32),
    Signal(i32),
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// Which layers this machine has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layers {
    /// Why no process namespace can be made; `None` when it can.
    pub(crate) no_namespace: Option<String>,
}
