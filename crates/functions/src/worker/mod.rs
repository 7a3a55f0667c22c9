//! The worker's side: a process without privileges that runs one function after another.

mod confine;
mod serve;

pub use serve::worker_main;
