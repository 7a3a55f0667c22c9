//! The runtime against real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod endings;
mod failing;
mod kit;
mod lifecycle;
mod output;
mod server;
mod surroundings;
