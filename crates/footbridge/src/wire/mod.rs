//! Assembles a server from a configuration. Only this module uses all crates.

mod build;
mod docs;
mod launch;
mod program;
mod run;
mod serve;
mod spec;
#[cfg(test)]
mod tests;
mod threads;

pub use build::{Built, ServeError, build};
pub use run::{Ended, run};
pub use serve::serve;
