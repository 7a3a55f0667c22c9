//! Assembles a server from a configuration. Only this module uses all crates.

mod build;
mod docs;
mod launch;
mod run;
mod spec;
mod threads;

pub use build::{Built, ServeError, build};
pub use run::run;
