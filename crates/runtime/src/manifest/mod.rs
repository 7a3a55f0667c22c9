//! An app's `package.json`: read whole, checked whole, before anything of it counts.
//!
//! What is wrong is told with the file, the member and what to write instead. Members that mean nothing
//! here are left alone: real packages are full of them.

mod files;
mod functions;
mod hooks;
mod members;
mod program;
mod public;
mod read;
mod roots;
mod routers;
#[cfg(test)]
mod tests;
mod twice;

pub use read::read_manifest;
