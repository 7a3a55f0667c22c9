//! Requests to Bolt's interface for installed apps.

use footbridge_api::BoltContext;
use serde_json::value::RawValue;

use super::super::remote::Session;
use crate::client::{Api, Call, error::ClientError};

/// Returns a call of Bolt's interface.
pub(super) fn call<'a>(path: &'a [&'a str], body: Option<Box<RawValue>>) -> Call<'a> {
    Call { api: Api::Bolt, path, body, ..Call::default() }
}

/// Returns the running apps.
pub(super) fn running(session: &Session) -> Result<Vec<BoltContext>, ClientError> {
    session.fetch(&call(&["apps", "@live"], None))
}

/// Returns the URL at which a running app listens; `None` if it has no server.
pub(super) fn address(context: &BoltContext) -> Option<String> {
    let protocol = context.protocol.as_deref().unwrap_or("http").trim_end_matches(':');
    let host = context.host.as_deref().unwrap_or("127.0.0.1");
    context.port.map(|port| format!("{protocol}://{host}:{port}"))
}

/// Returns the URL at which visitors reach the app through the server.
pub(super) fn public_url(session: &Session, name: &str) -> String {
    format!("{}/x/{name}/", session.server())
}
