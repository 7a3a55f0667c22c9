//! The administration API, probes, metrics and the API description.
//!
//! A handler extracts, calls the engine once and renders. Who calls is a type: a handler that takes
//! `extract::Admin` or `extract::Change` cannot be reached without the admin token.

mod apps;
mod body;
mod deliveries;
mod events;
mod exchanges;
mod explain;
mod extract;
mod hooks;
mod links;
mod moment;
mod page;
mod probes;
mod routes;
mod spec;
#[cfg(test)]
mod tests;
mod tickets;

pub use routes::router;
pub use spec::description;

use crate::health::Health;
use crate::metrics::Metrics;
use footbridge_engine::Engine;
use footbridge_model::secret::Secret;
use std::sync::Arc;

/// What the handlers share.
#[derive(Debug)]
pub struct AdminState {
    /// The engine.
    pub engine: Engine,
    /// Who proves itself with this may do everything here.
    pub admin_token: Secret,
    /// What probes are told.
    pub health: Arc<Health>,
    /// What a scrape reads.
    pub metrics: Arc<Metrics>,
}
