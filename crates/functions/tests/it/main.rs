//! Tests of functions in real worker processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod failures;
mod limits;
mod stage;
mod workers;
