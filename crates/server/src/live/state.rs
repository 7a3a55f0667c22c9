//! What live events need besides the engine: shared by all shards.

use super::seats::Seats;

/// What it is built from.
#[derive(Debug, Clone, Copy)]
pub struct LiveOptions {
    /// The most connections of the server.
    pub connections: usize,
}

/// Shared by all shards.
#[derive(Debug)]
pub struct LiveState {
    pub(crate) seats: Seats,
}

impl LiveState {
    /// Nobody is connected yet.
    pub fn new(options: LiveOptions) -> Self {
        Self { seats: Seats::new(options.connections) }
    }
}
