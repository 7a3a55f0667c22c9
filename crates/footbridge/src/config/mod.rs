//! The configuration, read in two steps: [`raw`] has the written values with their lines, [`resolve`] the typed values.
//!
//! Sources in ascending priority: defaults, file, environment, command line. Every problem names the file, the line and
//! the key. The environment is an argument; nothing here reads that of the process.

pub mod apps;
pub mod console;
pub mod delivery;
pub mod env;
pub mod error;
pub mod hooks;
pub mod keys;
mod load;
pub mod master_key;
pub mod network;
mod oidc;
mod overrides;
pub mod print;
pub mod rate;
pub mod raw;
pub mod resolve;
pub mod runtime;
pub mod secret;
pub mod section;
pub mod size;
mod syntax;
pub mod value;

#[cfg(test)]
mod tests;

pub use footbridge_model::duration;

pub use self::{
    console::ConsoleConfig,
    error::ConfigError,
    load::{LoadArgs, load},
    master_key::MasterKey,
    overrides::Overrides,
    resolve::Config,
};

/// A configuration file with every key, its default and its documentation.
pub const DEFAULT_FILE: &str = include_str!("../../footbridge.default.toml");
