//! Renders Bolt's envelope: `code` 0 and a body, or an error code with messages.

use super::error::{BoltError, Code};
use crate::credential::WrongCredential;
use bytes::Bytes;
use footbridge_engine::{Accepted, HookEntry};
use footbridge_model::hook::{HookType, Lifetime};
use footbridge_model::id::{EventId, HookId};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Millis;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// The result of a call of Bolt's API.
pub(super) type BoltResult = Result<Response<Full<Bytes>>, BoltError>;

fn response(status: u16, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns the answer of a successful call.
pub(crate) fn success(body: &impl Serialize) -> Response<Full<Bytes>> {
    #[derive(Serialize)]
    struct Envelope<'a, B> {
        code: u16,
        body: &'a B,
    }
    let bytes = serde_json::to_vec(&Envelope { code: 0, body }).unwrap_or_default();
    response(200, bytes.into())
}

/// Returns the answer of a failed call. `always_200` is for Bolt's own clients, which take any other status for a broken
/// connection.
pub(crate) fn failure(error: &BoltError, trace: &str, always_200: bool) -> Response<Full<Bytes>> {
    let (code, status, title) = error.code.row();
    let message = error.message.as_str();
    let body = Failure {
        code,
        error: Message { message },
        error_user_title: title,
        error_user_message: message,
        error_trace_id: trace,
    };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = response(if always_200 { 200 } else { status }, bytes.into());
    if error.code == Code::BadToken {
        response.extensions_mut().insert(WrongCredential);
    }
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    code: u16,
    error: Message<'a>,
    error_user_title: &'a str,
    error_user_message: &'a str,
    error_trace_id: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

/// Returns the answer to a publish.
pub(crate) fn accepted(
    accepted: &Accepted,
    name: &EventName,
    publisher: &AppName,
    warnings: &[String],
) -> Response<Full<Bytes>> {
    #[derive(Serialize)]
    struct Published<'a> {
        id: EventId,
        name: &'a EventName,
        publisher: &'a AppName,
        time: Millis,
        deliveries: u32,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        warnings: &'a [String],
    }
    let Accepted { id, time, deliveries } = *accepted;
    success(&Published { id, name, publisher, time, deliveries, warnings })
}

/// Returns the answer to a subscription.
pub(crate) fn subscribed(hook: &HookEntry, warnings: &[String]) -> Response<Full<Bytes>> {
    #[derive(Serialize)]
    struct Subscribed<'a> {
        #[serde(flatten)]
        hook: HookView<'a>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        warnings: &'a [String],
    }
    success(&Subscribed { hook: HookView::of(hook), warnings })
}

/// A hook, as its app sees it.
#[derive(Debug, Serialize)]
pub(crate) struct HookView<'a> {
    id: HookId,
    publisher: &'a str,
    event: &'a str,
    route: &'a str,
    #[serde(rename = "type")]
    kind: HookType,
    transient: bool,
}

impl<'a> HookView<'a> {
    pub(crate) fn of(entry: &'a HookEntry) -> Self {
        let hook = &entry.hook;
        Self {
            id: hook.id,
            publisher: hook.pattern.publisher.as_str(),
            event: hook.pattern.event.as_str(),
            route: &hook.route,
            kind: hook.kind,
            transient: hook.lifetime == Lifetime::Transient,
        }
    }
}
