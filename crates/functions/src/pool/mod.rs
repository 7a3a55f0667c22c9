//! The server's side: the workers and the scheduling of calls.

mod fair_queue;
mod scheduler;
mod source;
mod worker_process;

pub(crate) use scheduler::{Job, run_pool};
