//! Installed apps as processes.

mod manifest;

pub use manifest::read_manifest;
