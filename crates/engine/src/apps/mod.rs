//! Installed apps: installing, runs, routers, and the events of their lives.

mod error;
mod view;

pub use error::AppsError;
pub use view::{Installation, LiveApp, MountedRouter, Reach};
