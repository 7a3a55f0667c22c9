//! The other side: a process that calls one function after another and can do nothing else.

mod confine;
mod serve;

pub use serve::worker_main;
