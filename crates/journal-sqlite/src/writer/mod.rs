//! The writer: one thread, one queue, one transaction for everything that waits.

mod checkpoint;
mod command;
mod group;
mod queue;
mod thread;

pub(crate) use checkpoint::carry_over;
pub(crate) use queue::Queue;
pub(crate) use thread::{Writer, WriterParts};
