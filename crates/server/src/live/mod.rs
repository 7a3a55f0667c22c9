//! Live events for pages, and custom events that pages pass on.
//!
//! Who is told what is the engine's to say: here a page proves its app, and what the engine tells of that app is written
//! as the page's client expects it.

mod copy;
mod forward;
mod lent;
mod proof;
mod query;
mod resume;
mod seats;
mod socket;
mod sockets;
mod sse;
mod state;

pub(crate) use forward::forward;
pub(crate) use socket::socket;
pub(crate) use sse::stream;
pub use state::{LiveOptions, LiveState};
