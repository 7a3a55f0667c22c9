//! The edges: what comes in over HTTP becomes a call of the engine, and its answer goes out again.
//!
//! One folder for each surface. Handlers extract, call the engine once, and render; no rule of the
//! product lives here.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used))]

pub mod admin;
mod audience;
mod edge;
mod error_code;
pub mod health;
pub mod listen;
pub mod metrics;
pub mod problem;

mod body;
mod bolt;
mod bridge;
mod cors;
mod credential;
mod docs;
mod live;
mod media;
mod openapi;
mod page;
mod percent;
mod proxy;
mod public;
mod refusals;
mod router;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod tunnel;
mod watch;

pub use audience::{LiveOptions, LiveState};
pub use bolt::BoltEvents;
pub use docs::{Docs, Document};
pub use edge::{Edge, HostName, Hosts, HostsError, Proxies, Visitor};
pub use state::{BoltOptions, BridgeOptions, Shared};
