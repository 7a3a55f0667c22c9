//! What a black-box test of Footbridge needs: the real program on a port of its own, callers that speak its three
//! dialects, receivers that answer as they are told, and a way to wait for a condition.
//!
//! Everything here is blocking and written on `std::net` with framing of its own, so that a test shares neither runtime
//! nor HTTP parser with the program it judges.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a harness fails by panicking and owns its sockets, clock and processes"
)]

mod callers;
mod checks;
mod config;
mod fixtures;
mod gateway;
mod http;
mod installed;
mod ledger;
mod processes;
mod program;
mod raw;
mod receiver;
mod reply;
mod shelf;
mod strace;
mod until;
mod wire;

pub use callers::{Admin, Bolt, Bridge, basic};
pub use checks::{
    Bytes, assert_bolt_error, assert_bridge_error, each, is_iso_millis, members, raw_member, verify_signature,
};
pub use config::{ADMIN_TOKEN, App, Setup};
pub use fixtures::{fixture, payloads};
pub use gateway::Gateway;
pub use http::{Answer, Call, HangUp};
pub use installed::Apps;
pub use ledger::{Fate, Ledger};
pub use processes::{Process, descendants, processes_at};
pub use program::{Exit, binary, footbridge};
pub use raw::Raw;
pub use receiver::{Got, Receiver, refused_address};
pub use reply::{Gate, Reply};
pub use shelf::{Shelf, root};
pub use strace::Strace;
pub use until::{WAIT, pause, until, until_some};
