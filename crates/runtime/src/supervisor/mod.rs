//! Watches over the runs: one actor on a thread of its own, one task for each run.
//!
//! The actor knows which apps run, single-flights starts, keeps back-off and answers those who wait. A run's
//! task owns its helper, its readiness and its end; actor and task speak through channels only.

mod actor;
mod backoff;
mod helper;
mod launch;
mod listening;
mod machine;
mod ports;
mod run;
mod words;

pub(crate) use actor::{Message, watch_over};
pub(crate) use machine::Machine;
pub(crate) use ports::Ports;
