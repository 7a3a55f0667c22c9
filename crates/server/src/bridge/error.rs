//! An error of ours, told apart from a recipient's own answer by `Footbridge-Error`.

use super::render::{EXCHANGE_ID, json_response};
use bytes::Bytes;
use footbridge_model::exchange::{ErrorCode, ExchangeFailure};
use footbridge_model::id::ExchangeId;
use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

const ERROR: HeaderName = HeaderName::from_static("footbridge-error");

#[derive(Serialize)]
struct Body<'a> {
    error_code: ErrorCode,
    error_message: &'a str,
    exchange_id: Option<ExchangeId>,
}

/// Writes an error; `id` once the sender has proved itself.
pub(crate) fn error(id: Option<ExchangeId>, failure: &ExchangeFailure) -> Response<Full<Bytes>> {
    let body = Body { error_code: failure.code, error_message: &failure.message, exchange_id: id };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, bytes.into());
    let headers = response.headers_mut();
    headers.insert(ERROR, HeaderValue::from_static(failure.code.as_str()));
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
        headers.insert(EXCHANGE_ID, id);
    }
    if let Some(seconds) = failure.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// No, malformed or wrong credentials: one answer for all of them.
pub(crate) fn unauthorized() -> Response<Full<Bytes>> {
    let message = "send `Authorization: <prefix> base64(<name>:<secret key>)` with the credentials of an app";
    let mut response = error(None, &ExchangeFailure::new(401, ErrorCode::Unauthorized, message));
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token realm=\"footbridge\""));
    response
}

/// Another method than POST.
pub(crate) fn method_not_allowed() -> Response<Full<Bytes>> {
    let mut response =
        error(None, &ExchangeFailure::new(405, ErrorCode::InvalidEventData, "send events with POST"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        let page = include_str!("../../../../docs/errors/bridge.md");
        for code in ErrorCode::ALL {
            assert!(page.contains(&format!("## `{}`", code.as_str())), "{code:?}");
        }
    }
}
