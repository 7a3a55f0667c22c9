//! Installed apps as processes.
//!
//! A [`Runtime`] starts an app, waits until it listens, reads its output, reports its exit and removes every
//! process that it leaves behind. The engine decides *when* an app runs. Between the server and an app runs a
//! helper process, which is the server's own program started again ([`init_main`]). It puts the app into a
//! session of its own, sets its limits and user, and creates a process namespace and a control group where the
//! machine allows it. If the server, the helper or the app dies, the other two are notified at once.
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
pub use manifest::{ReservedPaths, read_manifest};
pub use options::{RuntimeError, RuntimeOptions};
pub use runtime::{Opened, Runtime, check_user};
pub use user::readable_to_apps;
