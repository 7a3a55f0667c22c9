//! Tools for black-box tests of Footbridge: the real program on a free port, callers of its three APIs,
//! receivers with
//! configurable replies, and a way to wait for a condition.
//!
//! All of it is blocking code on `std::net` with a separate HTTP parser, so that a test shares neither runtime nor
//! parser with the program under test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a harness fails by panicking and manages sockets, clocks and processes directly"
)]

mod app_dir;
mod callers;
mod checks;
mod config;
mod console;
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
mod sse;
mod strace;
mod until;
mod wire;

pub use app_dir::{AppDir, root};
pub use callers::{Admin, Bolt, Bridge, basic};
pub use checks::{
    Bytes, assert_bolt_error, assert_bridge_error, each, is_iso_millis, members, raw_member, verify_signature,
};
pub use config::{ADMIN_TOKEN, App, Setup};
pub use console::Console;
pub use fixtures::{fixture, payloads};
pub use gateway::Gateway;
pub use http::{Answer, Call, HangUp};
pub use installed::Apps;
pub use ledger::{Ledger, PublishResult};
pub use processes::{Process, descendants, processes_at};
pub use program::{Exit, binary, footbridge};
pub use raw::Raw;
pub use receiver::{ReceivedRequest, Receiver, refused_address};
pub use reply::{Gate, Reply};
pub use sse::{Sse, SseEvent};
pub use strace::Strace;
pub use until::{WAIT, pause, until, until_some};
