//! Runs one call: the JavaScript engine, the globals that a function sees, and the result.

mod call_state;
mod console;
mod context;
mod engine;
mod failure;
mod load;
mod show;
mod timers;

pub(crate) use engine::Engine;
