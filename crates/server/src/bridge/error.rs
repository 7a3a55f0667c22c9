//! Errors of the bridge: status, Boxo's code and a message. The header `Footbridge-Error` distinguishes them from a
//! recipient's own answer.

use super::response::{EXCHANGE_ID, json_response};
use crate::error_code::{ErrorCode, row};
use bytes::Bytes;
use footbridge_model::exchange::{Direction, ExchangeFailure, ExchangeFailureKind};
use footbridge_model::id::ExchangeId;
use http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use std::fmt::Write as _;

const ERROR: HeaderName = HeaderName::from_static("footbridge-error");

/// An error that a sender gets instead of a recipient's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BridgeError {
    pub(crate) status: u16,
    pub(crate) code: ErrorCode,
    /// One line that says what is wrong and how to correct it.
    pub(crate) message: String,
    /// Value of `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u32>,
}

impl BridgeError {
    /// Creates an error without `Retry-After`.
    pub(crate) fn new(status: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// Returns the error for a failed exchange that was sent to the endpoint of `direction`.
    pub(crate) fn of_exchange(failure: ExchangeFailure, direction: Direction) -> Self {
        let (status, code) = row(failure.kind);
        let ExchangeFailure { kind, mut message, retry_after } = failure;
        if kind == ExchangeFailureKind::SenderIsRecipient {
            let (here, there) = match direction {
                Direction::ToMiniapp => ("hostapp", "miniapp"),
                Direction::ToHost => ("miniapp", "hostapp"),
            };
            let _ = write!(message, "; send to /api/v1/event-bridge/{there}/ instead of /{here}/");
        }
        Self { status, code, message, retry_after }
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error_code: ErrorCode,
    error_message: &'a str,
    exchange_id: Option<ExchangeId>,
}

/// Returns an error answer. `id` is the id of the exchange, once the sender is authenticated.
pub(crate) fn error(id: Option<ExchangeId>, error: &BridgeError) -> Response<Full<Bytes>> {
    let body = ErrorBody { error_code: error.code, error_message: &error.message, exchange_id: id };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, bytes.into());
    let headers = response.headers_mut();
    headers.insert(ERROR, HeaderValue::from_static(error.code.as_str()));
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
        headers.insert(EXCHANGE_ID, id);
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Returns the answer to missing, malformed and wrong credentials.
pub(crate) fn unauthorized() -> Response<Full<Bytes>> {
    let message = "send `Authorization: <prefix> base64(<name>:<secret key>)` with the credentials of an app; the prefix is \
                   `Token` unless the app has another `token_prefix`, and no line break may be encoded (`printf`, not `echo`)";
    let mut response = error(None, &BridgeError::new(401, ErrorCode::Unauthorized, message));
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token realm=\"footbridge\""));
    response
}

/// Returns the answer to a method other than POST.
pub(crate) fn method_not_allowed() -> Response<Full<Bytes>> {
    let mut response =
        error(None, &BridgeError::new(405, ErrorCode::InvalidEventData, "send events with POST"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented() {
        let page = include_str!("../../../../docs/errors/bridge.md");
        for code in ErrorCode::ALL {
            assert!(page.contains(&format!("## `{}`", code.as_str())), "{code:?}");
        }
    }
}
