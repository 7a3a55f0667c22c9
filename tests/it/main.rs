//! Black-box tests of the contract, one module per chapter. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test fails by panicking"
)]

mod admin;
mod apps;
mod bridge;
mod console;
mod events;
mod faults;
mod live;
mod program;
mod promise;
mod self_check;
