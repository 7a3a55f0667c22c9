//! Reads and checks an app's `package.json` completely before any of it takes effect.
//!
//! An error names the file, the member and what to write instead. Unknown members outside of `bolt` and
//! `footbridge` are ignored, because packages contain many members for other tools.

mod duplicates;
mod files;
mod functions;
mod hooks;
mod members;
mod program;
mod public;
mod read;
mod reserved;
mod routers;
#[cfg(test)]
mod tests;

pub use read::read_manifest;
pub use reserved::ReservedPaths;
