//! The engine: how it is built from its ports, and the operations that edges may call.

mod apps;
mod audit;
mod build;
mod credentials;
mod events;
mod jobs;
mod lanes;
mod live;
mod operator;
mod options;
mod registry;
mod statistics;
mod stories;
mod views;

pub use build::{Engine, StartError, Started};
pub use lanes::CancelError;
pub use live::{MissedPage, PagePublishError, WatchItem, Watcher};
pub use options::{EngineOptions, Limits};
