//! What Bolt's side of the server says of installed apps.

use serde_json::Value;

use super::super::remote::Session;
use crate::{
    client::{Api, Call},
    client_error::ClientError,
    table::cell,
};

/// A call of Bolt's interface for apps.
pub(super) fn call<'a>(path: &'a [&'a str], body: Option<Value>) -> Call<'a> {
    Call { api: Api::Bolt, path, body, ..Call::default() }
}

/// The apps that run: what Bolt calls contexts.
pub(super) fn live(session: &Session) -> Result<Vec<Value>, ClientError> {
    session.fetch(&call(&["apps", "@live"], None))
}

/// The one of that name.
pub(super) fn named<'a>(list: &'a [Value], name: &str) -> Option<&'a Value> {
    let is = |found: &Value| found.as_str().is_some_and(|found| found.eq_ignore_ascii_case(name));
    list.iter().find(|object| object.get("name").is_some_and(is))
}

/// Where the app of this context listens; none when it has no server.
pub(super) fn address(context: &Value) -> Option<String> {
    context.get("port").filter(|port| !port.is_null())?;
    let protocol = context.get("protocol").and_then(Value::as_str).unwrap_or("http");
    let host = context.get("host").and_then(Value::as_str).unwrap_or("127.0.0.1");
    Some(format!("{}://{host}:{}", protocol.trim_end_matches(':'), cell(context, "port")))
}

/// Where people reach the app through the server.
pub(super) fn public(session: &Session, name: &str) -> String {
    format!("{}/x/{name}/", session.server())
}
