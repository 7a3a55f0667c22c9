//! The parts of the `footbridge` program: command line, configuration, first run, signals, and assembly of the server.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used))]

pub mod cli;
pub mod client;
pub mod clock;
pub mod cmd;
pub mod config;
pub mod contexts;
pub mod entropy;
pub mod first_run;
pub mod key_file;
pub mod open_files;
pub mod shutdown;
pub mod stdout;
pub mod steady_clock;
pub mod table;
pub mod telemetry;
pub mod terminal;
pub mod wire;

#[cfg(test)]
mod fake;
