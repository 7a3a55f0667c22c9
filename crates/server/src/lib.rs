//! The HTTP edge: turns requests into calls of the engine, and renders the results.
//!
//! Each surface has a folder. A handler extracts, calls the engine once and renders. No rule of the product lives here.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used))]

pub mod admin;
mod edge;
pub mod health;
pub mod listen;
mod live_sessions;
pub mod metrics;
pub mod problem;

mod body;
mod bolt;
mod bridge;
mod callers;
mod console;
mod cors;
mod credential;
mod docs;
mod error_code;
mod lent_body;
mod live;
mod media;
mod openapi;
mod own_paths;
mod page;
mod percent;
mod proxy;
mod public;
mod query;
mod refused_credentials;
mod router;
mod sign_out;
mod state;
mod stream;
pub mod surroundings;
#[cfg(test)]
mod tests;
mod tunnel;
mod visitors;
mod watch;

pub use bolt::BoltEvents;
pub use console::{Assets, ConsoleSettings};
pub use docs::{Docs, Document};
pub use edge::{ClientInfo, Edge, HostName, Hosts, HostsError, Proxies};
pub use live_sessions::{LiveOptions, LiveState};
pub use own_paths::OWN_PATHS;
pub use state::{BoltOptions, BridgeOptions, ServerState};
pub use visitors::VisitorSite;
