//! Relays requests to the apps that this server has started: loopback only, streaming in both directions, with upgrades.
//!
//! No policy applies, because no untrusted user chooses the address: this server has started the app that listens there.
//! A request is sent once. Only a request that was certainly not read, or an idempotent one without a body, is sent again
//! when an idle connection turns out to be closed.

mod body;
mod error;
mod pool;
mod relayed;
mod send;

pub use body::RelayBody;
pub use error::RelayError;
pub use relayed::{Relayed, Switched};
pub use send::Relay;
