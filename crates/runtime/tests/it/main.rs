//! Tests of the runtime with real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod exit;
mod isolation;
mod kit;
mod lifecycle;
mod output;
mod server;
mod start_failures;
