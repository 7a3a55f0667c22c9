//! The endpoints that pages call: the stream of live events, Socket.IO, and forwarding of custom events.
//!
//! The engine decides which events a page gets. This module authenticates the page and writes the events in the form that
//! the page's client expects.

mod borrowed_stream;
mod cursor;
mod cursor_token;
mod forward;
mod resume;
mod socket;
mod sse;

#[cfg(test)]
pub(crate) use forward::MEMBERS;
pub(crate) use forward::forward;
pub(crate) use socket::socket;
pub(crate) use sse::stream;
