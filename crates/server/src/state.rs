//! What requests are answered with: shared by all shards, or one shard's own.

use crate::audience::LiveState;
use crate::docs::Docs;
use crate::edge::Edge;
use crate::metrics::Metrics;
use footbridge_engine::{Courier, Engine, Relay};
use footbridge_model::secret::Secret;
use std::rc::Rc;
use std::sync::Arc;

/// What every shard shares.
pub struct Shared {
    /// The engine.
    pub engine: Engine,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Administration, health and metrics.
    pub admin: axum::Router,
    /// Who proves itself with this may do everything with apps.
    pub admin_token: Secret,
    /// What Bolt calls `BOLT_ADDRESS`; its scheme is what apps are told that their clients use.
    pub public_url: String,
    /// By which names the server is known, and who is in front of it.
    pub edge: Edge,
    /// Who is connected live.
    pub live: LiveState,
    /// The surface of Boxo.
    pub bridge: BridgeOptions,
    /// The surface of Bolt.
    pub bolt: BoltOptions,
    /// The documentation; `None` when it is switched off.
    pub docs: Option<Docs>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What one shard has for itself.
pub(crate) struct Local {
    pub(crate) shared: Arc<Shared>,
    pub(crate) courier: Rc<Courier>,
    pub(crate) relay: Relay,
    pub(crate) admin: axum::Router,
}

/// Limits of the bridge.
#[derive(Debug, Clone, Copy)]
pub struct BridgeOptions {
    /// The largest request body, in bytes.
    pub body: usize,
}

/// How the Events API behaves.
#[derive(Debug, Clone, Copy)]
pub struct BoltOptions {
    /// The largest request body, in bytes.
    pub body: usize,
    /// Whether errors come with status 200, for Bolt's own clients.
    pub http_200_errors: bool,
}
