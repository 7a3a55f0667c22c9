//! The configuration in two steps: [`raw`] is what was written and where, [`resolve`] what it means.
//!
//! Later sources win: defaults, the file, the environment, the command line. Every problem names the
//! file, the line and the key. Nothing here reads the process's environment: it is passed in.

pub mod apps;
pub mod delivery;
pub mod env;
pub mod error;
pub mod hooks;
pub mod keys;
mod load;
pub mod master_key;
mod meant;
pub mod network;
pub mod print;
pub mod rate;
pub mod raw;
pub mod resolve;
pub mod runtime;
pub mod secret;
pub mod section;
pub mod size;
pub mod value;

#[cfg(test)]
mod tests;

pub use footbridge_model::duration;

pub use self::{
    error::ConfigError,
    load::{LoadArgs, load},
    master_key::MasterKey,
    meant::Meant,
    resolve::Config,
};

/// The documentation of every key with its default, which is itself a configuration file.
pub const DEFAULT_FILE: &str = include_str!("../../footbridge.default.toml");
