//! The inside of one call: a JavaScript engine, what a function sees of the world, and how it ends.

mod console;
mod context;
mod engine;
mod load;
mod show;
mod state;
mod timers;
mod trouble;

pub(crate) use engine::Engine;
