//! Where a web host finds the page of a miniapp it is linked to. Public, as the page itself is.

use super::render::json_response;
use crate::percent;
use crate::state::Local;
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

/// The miniapp that a path behind `/api/v1/miniapps/` names.
pub(crate) fn settings_of(tail: &str) -> Option<String> {
    let tail = tail.strip_suffix('/').unwrap_or(tail);
    let (miniapp, rest) = tail.split_once('/')?;
    (rest == "settings").then(|| percent::decode(miniapp))?
}

/// Answers `{"miniapp": {"url"}}` to a linked host.
pub(crate) fn settings<B>(local: &Local, miniapp: &str, request: &Request<B>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "read the settings with GET");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        return response;
    }
    let query = request.uri().query().unwrap_or_default();
    let host = query.split('&').find_map(|pair| pair.strip_prefix("client_id=")).and_then(percent::decode);
    match host.and_then(|host| local.shared.engine.miniapp_url(&host, miniapp)) {
        Some(url) => json_response(StatusCode::OK, json!({ "miniapp": { "url": url } }).to_string().into()),
        None => refused(
            StatusCode::NOT_FOUND,
            "no such miniapp, or it has no page, or it is not linked to the host app that `?client_id=` names",
        ),
    }
}

fn refused(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let code = if status == StatusCode::NOT_FOUND { "MINIAPP_NOT_FOUND" } else { "INVALID_EVENT_DATA" };
    json_response(status, json!({ "error_code": code, "error_message": message }).to_string().into())
}
