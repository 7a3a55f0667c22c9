//! Where pages come to: live events, and custom events that pages pass on.
//!
//! Who is told what is the engine's to say: here a page proves its app, and what the engine tells of that app is written
//! as the page's client expects it.

mod cursor;
mod forward;
mod lent;
mod resume;
mod socket;
mod sse;

pub(crate) use forward::forward;
pub(crate) use socket::socket;
pub(crate) use sse::stream;
