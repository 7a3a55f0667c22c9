//! Bolt's HTTP API: the events API (publish, subscribe, unsubscribe) and the API of installed apps.

mod apps;
mod error;
mod objects;
mod parse;
mod render;
mod route;
mod system_events;
mod target;

pub(crate) use apps::apps;
pub(crate) use objects::VisitorObject;
#[cfg(test)]
pub(crate) use parse::{PUBLISH, SUBSCRIBE};
pub(crate) use route::events;
pub use system_events::BoltEvents;
