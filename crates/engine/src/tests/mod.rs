//! The engine on paused time, with a journal in memory, one simulated receiver and simulated apps.

mod apps;
mod changes;
mod cluster;
mod exchange;
pub(crate) mod kit;
mod operator;
mod people;
mod sessions;
