//! The state that requests are answered with: one part is shared by all shards, one part is local to a shard.

use crate::console::ConsoleSettings;
use crate::docs::Docs;
use crate::edge::Edge;
use crate::live_sessions::LiveState;
use crate::metrics::Metrics;
use crate::visitors::VisitorSite;
use footbridge_engine::{Courier, Engine, Relay};
use footbridge_model::secret::Secret;
use std::rc::Rc;
use std::sync::Arc;

/// State that all shards share.
pub struct ServerState {
    /// The engine that handlers call.
    pub engine: Engine,
    /// Counters of all surfaces.
    pub metrics: Arc<Metrics>,
    /// Router of administration, probes and metrics.
    pub admin: axum::Router,
    /// The admin token, which allows every call of `/api/apps`.
    pub admin_token: Secret,
    /// `BOLT_ADDRESS` of Bolt. Apps get its scheme as the scheme that their clients use.
    pub public_url: String,
    /// Host names of the server, and the proxies in front of it.
    pub edge: Edge,
    /// Live sessions of pages.
    pub live: LiveState,
    /// Options of the event bridge.
    pub bridge: BridgeOptions,
    /// Options of the events API.
    pub bolt: BoltOptions,
    /// The settings of the console's listener, if this is the state of that one.
    pub console: Option<ConsoleSettings>,
    /// The origin at which system apps learn who visits them; `None` if none does.
    pub visitors: Option<VisitorSite>,
    /// The documentation; `None` if it is disabled.
    pub docs: Option<Docs>,
}

impl std::fmt::Debug for ServerState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerState").finish_non_exhaustive()
    }
}

/// State of one shard.
pub(crate) struct ShardState {
    pub(crate) shared: Arc<ServerState>,
    pub(crate) courier: Rc<Courier>,
    pub(crate) relay: Relay,
    pub(crate) admin: axum::Router,
}

/// Options of the event bridge.
#[derive(Debug, Clone, Copy)]
pub struct BridgeOptions {
    /// The largest request body, in bytes.
    pub body: usize,
}

/// Options of the events API.
#[derive(Debug, Clone, Copy)]
pub struct BoltOptions {
    /// The largest request body, in bytes.
    pub body: usize,
    /// If true, errors are answered with status 200, which Bolt's own clients need.
    pub http_200_errors: bool,
}
