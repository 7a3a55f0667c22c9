//! Requests of the pages to their back ends: tickets, publishing, and the behaviour of the shop.

use std::rc::Rc;

use bytes::Bytes;
use footbridge_model::time::Clock;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::Either;
use serde_json::{Value, json};

use super::{
    apps::{BOUGHT, HOST, PHOTO, SampleApp},
    page_state::{Manner, OpenPages, PageState},
    pages::{self, PageAnswer},
};
use crate::clock::SystemClock;

/// Answers a request of a page or of a browser that loads one.
pub(super) async fn answer(
    app: &SampleApp,
    page_state: &Rc<PageState>,
    head: &Parts,
    body: &Bytes,
) -> PageAnswer {
    if !pages::has_own_host(app, &head.headers) {
        return pages::redirect(app, &head.method);
    }
    let Some(open) = page_state.opened() else {
        return pages::text(StatusCode::SERVICE_UNAVAILABLE, "the demo has not started yet; try again");
    };
    let path = head.uri.path();
    if head.method == Method::GET {
        return get(app, page_state, open, head).await;
    }
    if head.method != Method::POST {
        return pages::text(StatusCode::METHOD_NOT_ALLOWED, "GET or POST");
    }
    // Any page of any site can send a POST here; only the pages of this app are allowed.
    if !pages::has_own_origin(app, &head.headers) || !is_json(&head.headers) {
        return pages::text(StatusCode::FORBIDDEN, "only pages of this app may send this request");
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    match (path, app.name) {
        ("/api/ticket", _) => ticket(app, open, &request).await,
        ("/api/photos", HOST) => publish(app, open, &request).await,
        ("/api/shop", HOST) => set_manner(page_state, &request),
        _ => nothing(),
    }
}

async fn get(app: &SampleApp, page_state: &Rc<PageState>, open: &OpenPages, head: &Parts) -> PageAnswer {
    match (head.uri.path(), app.name) {
        ("/api/feed", HOST) => {
            let mut answer = pages::text(StatusCode::OK, "").map(|_| Either::Right(page_state.feed()));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            answer
        }
        ("/api/books", HOST) => {
            let event = head.uri.query().and_then(|query| query.strip_prefix("event="));
            let deliveries = open.client.deliveries(event.unwrap_or_default()).await;
            answer_from(deliveries.map(|deliveries| json!({ "deliveries": deliveries })))
        }
        (path, _) => pages::file(app, open, path).unwrap_or_else(nothing),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// Answers with a ticket. It is the only credential that a page has: for one use, few events and a short time.
async fn ticket(app: &SampleApp, open: &OpenPages, request: &Value) -> PageAnswer {
    let photos = format!("{HOST}/{PHOTO}");
    let wanted = match request.get("use").and_then(Value::as_str) {
        Some("live") => json!({ "use": "live", "events": [photos], "ttl": "1m" }),
        Some("forward") if app.name == HOST => {
            json!({ "use": "forward", "events": [format!("{HOST}/{BOUGHT}")], "ttl": "5m" })
        }
        _ => return pages::text(StatusCode::BAD_REQUEST, "pages of this app do not use such a ticket"),
    };
    answer_from(open.client.ticket(app, &wanted).await)
}

/// Publishes an event with the app's token, which its page never gets.
async fn publish(app: &SampleApp, open: &OpenPages, request: &Value) -> PageAnswer {
    let sent = SystemClock.now();
    let event = json!({ "body": request });
    let published = open.client.publish(app, PHOTO, &event).await;
    let accepted = SystemClock.now();
    answer_from(published.map(|event| json!({ "event": event, "sent": sent.0, "accepted": accepted.0 })))
}

fn set_manner(page_state: &PageState, request: &Value) -> PageAnswer {
    let Some(manner) = request.get("manner").and_then(Value::as_str).and_then(Manner::parse) else {
        return pages::text(StatusCode::BAD_REQUEST, "manner must be works, fails or hangs-up");
    };
    page_state.set_manner(manner);
    answer_from(Ok(json!({})))
}

fn nothing() -> PageAnswer {
    pages::text(StatusCode::NOT_FOUND, "not found")
}

fn answer_from(result: Result<Value, String>) -> PageAnswer {
    let (status, value) = match result {
        Ok(value) => (StatusCode::OK, value),
        Err(why) => (StatusCode::BAD_GATEWAY, json!({ "error": why })),
    };
    json_answer(status, &value)
}

/// Returns an answer with a JSON body.
pub(super) fn json_answer(status: StatusCode, value: &Value) -> PageAnswer {
    let mut answer = pages::text(status, value.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
