//! The administration API, probes, metrics and the API description.
//!
//! A handler extracts, calls the engine once and renders. Authorization is a type: a handler that takes `extract::Admin` or
//! `extract::Change` is only reached by a caller that has the permission of the operation in `permissions`.

mod apps;
mod attention;
mod audit;
mod body;
mod body_error;
mod credentials;
mod csv;
mod deliveries;
mod description;
mod dto;
mod events;
mod exchanges;
mod explain;
mod extract;
mod fix;
mod hooks;
mod jobs;
mod lanes;
mod links;
mod overlaps;
mod paging;
mod people;
mod permissions;
mod probes;
mod routes;
mod search;
mod searching;
mod send;
mod stats;
mod story;
mod system;
mod tail;
#[cfg(test)]
mod tests;
mod tickets;
mod trials;
mod views;
mod visible;

pub use description::description;
pub use routes::{console_router, router};
pub use tail::Tails;

pub(crate) use tail::Endless;

use crate::console::ConsoleSettings;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::surroundings::Surroundings;
use footbridge_engine::Engine;
use footbridge_model::secret::Secret;
use std::sync::Arc;

/// The administration API as a service.
pub type AdminRouter = axum::Router;

/// The state of the administration API.
#[derive(Debug)]
pub struct AdminState {
    /// The engine that handlers call.
    pub engine: Engine,
    /// The admin token, which allows every call.
    pub admin_token: Secret,
    /// The settings of the console; `None` if it is off.
    pub console: Option<ConsoleSettings>,
    /// Readiness, as probes see it.
    pub health: Arc<Health>,
    /// The counters that `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// The program and the machine that the server runs on.
    pub surroundings: Arc<dyn Surroundings>,
    /// The live tails of all clients.
    pub tails: Tails,
}
