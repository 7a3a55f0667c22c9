//! Everything that the requests of probes depend on.

use super::kind::Protocol;
use super::store::ReceiverTests;
use crate::registry::AppEntry;
use footbridge_courier::Target;
use footbridge_model::id::IdSource;
use footbridge_model::time::Clock;
use std::sync::Arc;

/// Everything that the probes of one test need.
pub(crate) struct ProbeSetup {
    /// The id of the test.
    pub(crate) id: String,
    pub(crate) tests: Arc<ReceiverTests>,
    pub(crate) app: Arc<AppEntry>,
    pub(crate) target: Arc<Target>,
    pub(crate) protocol: Protocol,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) public_url: String,
}
