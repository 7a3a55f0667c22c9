//! The engine: built from its ports, and the verbs that edges may call.

mod apps;
mod build;
mod events;
mod live;
mod registry;

pub use build::{Engine, EngineOptions, Limits, StartError, Started};
pub use live::{Heard, Missed, PagePublishError, Watcher};
