//! The browser that signs in.

use crate::edge::ClientInfo;
use footbridge_engine::Client;
use http::HeaderMap;
use http::header::USER_AGENT;

/// Returns the browser that sends a request.
pub(crate) fn browser(from: ClientInfo, headers: &HeaderMap) -> Client {
    let agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    Client { address: Some(from.ip), agent: agent.unwrap_or_default() }
}
