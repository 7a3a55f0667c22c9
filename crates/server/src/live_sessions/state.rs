//! The state of live sessions, shared by all shards.

use super::connection_limit::ConnectionLimit;
use super::page_auth::PageAuthenticator;
use super::sockets::Sockets;
use crate::metrics::Metrics;
use crate::page::PageKey;
use footbridge_engine::Engine;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The options of [`LiveState::new`].
pub struct LiveOptions<'a> {
    /// The engine that the live events come from.
    pub engine: &'a Engine,
    /// The key that page cookies are signed with: the same at every start, and used for nothing else.
    pub page_key: Zeroizing<[u8; 32]>,
    /// The URL at which clients reach the server.
    pub public_url: &'a str,
    /// The metrics that count live connections.
    pub metrics: &'a Metrics,
    /// The most connections of the server.
    pub connections: usize,
}

impl fmt::Debug for LiveOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveOptions").finish_non_exhaustive()
    }
}

/// The live sessions of all shards.
#[derive(Debug)]
pub struct LiveState {
    pub(crate) authenticator: Arc<PageAuthenticator>,
    pub(crate) connection_limit: Arc<ConnectionLimit>,
    pub(crate) sockets: Sockets,
}

impl LiveState {
    /// Creates the state of a server without live connections.
    pub fn new(options: LiveOptions<'_>) -> Self {
        let keys = PageKey::new(options.page_key);
        let authenticator = PageAuthenticator::new(options.engine.clone(), keys, options.public_url);
        let authenticator = Arc::new(authenticator);
        let gauge = options.metrics.live_connections();
        let connection_limit = Arc::new(ConnectionLimit::new(options.connections, gauge));
        let sockets = Sockets::new(&authenticator, &connection_limit);
        Self { authenticator, connection_limit, sockets }
    }

    /// Ends every live connection at the end of a drain. Clients reconnect once the server runs again.
    pub(crate) async fn close(&self) {
        self.authenticator.engine.end_watching();
        self.sockets.close().await;
    }
}
