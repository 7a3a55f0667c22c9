//! Live events for pages, and custom events that pages pass on.
//!
//! Who is told what is the engine's to say: here a page proves its app, and what the engine tells of that app is written
//! as the page's client expects it.

mod forward;
mod proof;
mod query;
mod resume;
mod seats;
mod sse;
mod state;

pub(crate) use forward::forward;
pub(crate) use sse::stream;
pub use state::{LiveOptions, LiveState};
