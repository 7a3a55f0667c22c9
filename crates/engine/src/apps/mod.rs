//! Installed apps: installing, starting, stopping, routers, functions, and the events that announce all of it.

mod app_monitor;
mod error;
mod function;
mod idle;
mod install;
mod installed;
mod partitions;
mod routers;
mod server_hooks;
mod start;
mod stop;
mod view;

pub use app_monitor::AppMonitor;
pub use error::AppsError;
pub use view::{AppConnection, AppStatus, Installation, MountedRouter, RunningApp};

pub(crate) use function::output;
pub(crate) use installed::Apps;
