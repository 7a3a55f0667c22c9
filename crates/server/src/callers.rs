//! Identifies the callers of the administration API by their credentials.

use crate::credential::{authorization, bearer};
use crate::edge::ClientInfo;
use footbridge_engine::Engine;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::secret::Secret;
use http::request::Parts;
use std::sync::Arc;

/// Returns the caller of a request: the one whose session was found before, or the one whose token the request has.
#[expect(
    clippy::unused_async,
    reason = "other credentials than the admin token are looked up in the journal"
)]
pub(crate) async fn identify(
    _engine: &Engine,
    admin_token: &Secret,
    parts: &Parts,
) -> Option<Arc<AdminCaller>> {
    if let Some(caller) = parts.extensions.get::<Arc<AdminCaller>>() {
        return Some(Arc::clone(caller));
    }
    let token = bearer(authorization(&parts.headers)?)?;
    let address = parts.extensions.get::<ClientInfo>().map(|client| client.ip);
    admin_token.matches(token).then(|| Arc::new(AdminCaller::admin(address)))
}
