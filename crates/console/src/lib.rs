//! The operator's console.
//!
//! The files of `console/` are part of the program: the build script packs them, and [`assets`] serves them. The console
//! itself runs in the browser and gets every byte of its data from the administration API.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic))]

pub mod assets;
