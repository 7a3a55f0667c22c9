//! Installed apps as processes.
//!
//! A [`Runtime`] starts an app, waits until it listens, reads what it writes, notices its end, and leaves
//! nothing of it behind. *When* an app runs is the engine's business. Between the server and an app stands a
//! helper process, our own program started anew ([`init_main`]): it puts the app into its own session, limits,
//! user and, where the machine allows it, process namespace and control group. Whichever of server, helper and
//! app dies first, the others learn it at once.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod cgroup;
mod environment;
mod fingerprint;
mod host;
mod init;
mod manifest;
mod options;
mod output;
mod proc;
mod record;
mod runtime;
mod spec;
mod supervisor;
mod sweep;
mod user;

pub use init::init_main;
pub use manifest::read_manifest;
pub use options::{RuntimeError, RuntimeOptions};
pub use runtime::{Opened, Runtime, check_user};
pub use user::readable_to_apps;
