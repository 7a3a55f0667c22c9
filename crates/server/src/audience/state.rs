//! What live events need besides the engine: shared by all shards.

use super::proof::Proofs;
use super::seats::Seats;
use super::sockets::Sockets;
use crate::metrics::Metrics;
use crate::page::PageKey;
use footbridge_engine::Engine;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What it is built from.
pub struct LiveOptions<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What cookies of pages are signed with: the same at every start, and used for nothing else.
    pub page_key: Zeroizing<[u8; 32]>,
    /// Where clients reach the server.
    pub public_url: &'a str,
    /// Where live connections are counted.
    pub metrics: &'a Metrics,
    /// The most connections of the server.
    pub connections: usize,
}

impl fmt::Debug for LiveOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveOptions").finish_non_exhaustive()
    }
}

/// Shared by all shards.
#[derive(Debug)]
pub struct LiveState {
    pub(crate) proofs: Arc<Proofs>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) sockets: Sockets,
}

impl LiveState {
    /// Nobody is connected yet.
    pub fn new(options: LiveOptions<'_>) -> Self {
        let keys = PageKey::new(options.page_key);
        let proofs = Arc::new(Proofs::new(options.engine.clone(), keys, options.public_url));
        let seats = Arc::new(Seats::new(options.connections, options.metrics.live_connections()));
        let sockets = Sockets::new(&proofs, &seats);
        Self { proofs, seats, sockets }
    }

    /// Ends every live connection, for the end of a server that drains: pages come back when it does.
    pub(crate) async fn close(&self) {
        self.proofs.engine.end_watching();
        self.sockets.close().await;
    }
}
