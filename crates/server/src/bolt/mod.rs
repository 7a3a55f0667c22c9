//! The Events API: Bolt's words over the engine's publish and transient hooks.

mod error;
mod parse;
mod render;
mod route;
mod target;

pub(crate) use route::events;
