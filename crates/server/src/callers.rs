//! Identifies the callers of the administration API by their credentials.

use crate::credential::{authorization, bearer};
use crate::edge::ClientInfo;
use footbridge_engine::{API_TOKEN_MARK, Engine, JournalError};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::secret::Secret;
use http::request::Parts;
use std::sync::Arc;

/// Returns the caller of a request: the one whose session was found before, or the one whose token the request has.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn identify(
    engine: &Engine,
    admin_token: &Secret,
    parts: &Parts,
) -> Result<Option<Arc<AdminCaller>>, JournalError> {
    if let Some(caller) = parts.extensions.get::<Arc<AdminCaller>>() {
        return Ok(Some(Arc::clone(caller)));
    }
    let Some(token) = authorization(&parts.headers).and_then(bearer) else { return Ok(None) };
    let address = parts.extensions.get::<ClientInfo>().map(|client| client.ip);
    if admin_token.matches(token) {
        return Ok(Some(Arc::new(AdminCaller::admin(address))));
    }
    // Other tokens are not even looked up.
    if !token.starts_with(API_TOKEN_MARK.as_bytes()) {
        return Ok(None);
    }
    Ok(engine.people().caller_by_token(token, address).await?.map(Arc::new))
}
