//! Installed apps: installing, runs, routers, functions, and the events of their lives.

mod bodies;
mod error;
mod function;
mod idle;
mod install;
mod keeper;
mod own;
mod routers;
mod start;
mod state;
mod stop;
mod view;

pub use bodies::{AppObject, ContextObject};
pub use error::AppsError;
pub use keeper::Keeper;
pub use view::{Condition, Installation, LiveApp, MountedRouter, Reach};

pub(crate) use function::output;
pub(crate) use state::Apps;
pub(crate) use stop::Reason;
