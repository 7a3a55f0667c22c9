//! The only place that knows every crate: a configuration becomes a running server.

mod build;
mod launch;
mod run;
mod spec;
mod threads;

pub use build::{Built, ServeError, build};
pub use run::run;
