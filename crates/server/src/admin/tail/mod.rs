//! The live tail: events, attempts, exchanges, changes and the output of apps, while they happen, as server-sent events.
//!
//! - [`queue`]: the frames of one tail, at most so many a second; the rest is counted.
//! - [`feed`]: fills a queue, also for some time after its connection was lost.
//! - [`audit`]: adds the entries of the audit log.
//! - [`rows`]: decides what a tail shows, and renders it.
//! - [`sse`]: the body of the answer.
//! - [`logs`]: the output of one app.

mod audit;
mod feed;
mod handler;
mod logs;
mod queue;
mod registry;
mod rows;
mod sse;

pub(super) use handler::{__path_tail, tail};
pub(super) use logs::{__path_stream as __path_logs, stream as logs};
pub use registry::Tails;

pub(crate) use sse::Endless;
