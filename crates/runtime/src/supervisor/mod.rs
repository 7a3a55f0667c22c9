//! Supervises the runs: one actor on its own thread, and one task for each run.
//!
//! The actor knows which apps run, merges parallel starts of an app into one, applies back-off and answers
//! callers. The task of a run owns its helper process, waits until the app listens and reports its end. Actor
//! and tasks communicate only through channels.

mod actor;
mod backoff;
mod context;
mod helper;
mod launch;
mod listening;
mod messages;
mod ports;
mod run;

pub(crate) use actor::{Message, supervise};
pub(crate) use context::LaunchContext;
pub(crate) use ports::Ports;
