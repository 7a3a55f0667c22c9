//! Relaying requests to the apps of this machine: loopback only, streamed both ways, with upgrades.
//!
//! No policy is asked, since nobody outside chooses the address: it is that of an app which this server has
//! started. A request is sent once; only one that surely was not read, or that has no body and may be repeated,
//! goes out again when a kept connection turns out to be closed.

mod answer;
mod body;
mod error;
mod pool;
mod send;

pub use answer::{Relayed, RelayedBody, Switched};
pub use body::RelayBody;
pub use error::RelayError;
pub use send::Relay;
