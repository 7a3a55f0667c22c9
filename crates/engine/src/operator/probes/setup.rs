//! Everything that the requests of probes depend on.

use super::kind::Protocol;
use super::store::ReceiverTests;
use crate::registry::AppEntry;
use bytes::Bytes;
use footbridge_courier::Target;
use footbridge_model::id::IdSource;
use footbridge_model::name::AppName;
use footbridge_model::time::Clock;
use std::sync::Arc;

/// A receiver to test, and a sample of what it takes.
#[derive(Debug)]
pub struct ReceiverToTest {
    /// The URL of the receiver.
    pub target: Target,
    /// The protocol of the requests.
    pub protocol: Protocol,
    /// The name of an event, or the type of an exchange, that the receiver knows.
    pub name: String,
    /// A valid body of the event, or payload of the exchange.
    pub payload: Bytes,
}

/// Everything that the probes of one test need.
pub(crate) struct ProbeSetup {
    /// The id of the test.
    pub(crate) id: String,
    pub(crate) tests: Arc<ReceiverTests>,
    pub(crate) app: Arc<AppEntry>,
    pub(crate) target: Arc<Target>,
    pub(crate) protocol: Protocol,
    /// The name of the usual event, or the type of the usual exchange.
    pub(crate) name: String,
    /// The body of the usual event, or the payload of the usual exchange.
    pub(crate) payload: Bytes,
    /// The host and the miniapp of the exchanges.
    pub(crate) parties: (AppName, AppName),
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) public_url: String,
}
