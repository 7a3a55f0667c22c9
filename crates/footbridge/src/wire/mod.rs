//! Assembles a server from a configuration. Only this module uses all crates.

mod build;
mod console;
mod docs;
mod error;
mod launch;
mod program;
mod run;
mod serve;
mod spec;
#[cfg(test)]
mod tests;
mod threads;

pub use build::{Built, build};
pub use console::ConsoleEntry;
pub use error::ServeError;
pub use run::{Ended, run};
pub use serve::serve;
