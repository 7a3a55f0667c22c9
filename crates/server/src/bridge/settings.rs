//! The settings of a miniapp: a linked web host finds the miniapp's page here. Public, like the page itself.

use super::response::json_response;
use crate::percent;
use crate::query;
use crate::state::ShardState;
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

/// Returns the miniapp that a path after `/api/v1/miniapps/` names.
pub(crate) fn settings_of(tail: &str) -> Option<String> {
    let tail = tail.strip_suffix('/').unwrap_or(tail);
    let (miniapp, rest) = tail.split_once('/')?;
    (rest == "settings").then(|| percent::decode(miniapp))?
}

/// Returns `{"miniapp": {"url"}}` for a linked host.
pub(crate) fn settings<B>(local: &ShardState, miniapp: &str, request: &Request<B>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "read the settings with GET");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        return response;
    }
    let host = query::parameters(request.uri().query()).find(|(name, _)| name == "client_id");
    match host.and_then(|(_, host)| local.shared.engine.miniapp_url(&host, miniapp)) {
        Some(url) => json_response(StatusCode::OK, json!({ "miniapp": { "url": url } }).to_string().into()),
        None => refused(
            StatusCode::NOT_FOUND,
            "the miniapp does not exist, has no page, or is not linked to the host app that `?client_id=` names",
        ),
    }
}

fn refused(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let code = if status == StatusCode::NOT_FOUND { "MINIAPP_NOT_FOUND" } else { "INVALID_EVENT_DATA" };
    json_response(status, json!({ "error_code": code, "error_message": message }).to_string().into())
}
