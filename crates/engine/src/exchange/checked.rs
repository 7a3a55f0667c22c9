//! An exchange that has passed every check.

use crate::drain::WorkGuard;
use crate::registry::AppEntry;
use bytes::Bytes;
use footbridge_model::exchange::ExchangeHead;
use footbridge_model::trace_state::TraceState;
use std::sync::Arc;
use tokio::time::Instant;

/// An exchange that may be sent, unless its `Idempotency-Key` was used before.
pub(super) struct CheckedExchange {
    pub(super) head: ExchangeHead,
    pub(super) recipient: Arc<AppEntry>,
    /// The body of the request to the recipient.
    pub(super) body: Bytes,
    /// The state of the trace that the sender's request belongs to.
    pub(super) trace_state: Option<TraceState>,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    /// True if the sender asked for an earlier deadline than the server's.
    pub(super) shortened: bool,
    /// Delays the end of the server until the exchange has ended.
    pub(super) in_flight: WorkGuard,
}
