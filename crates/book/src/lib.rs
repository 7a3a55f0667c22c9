//! The documentation as a book that is part of the program.
//!
//! The build script renders `docs/` once. This crate puts the rendered pieces together and searches them. It reads
//! nothing from the disk, and its pages need no script.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic))]

mod answer;
mod pages;
/// Part of the build script; here for its tests only.
#[cfg(test)]
#[allow(dead_code, unused_imports)]
mod render;
mod search;
mod shell;
#[cfg(test)]
mod tests;
mod text;

pub use answer::{Answer, answer};
pub use pages::tag;
