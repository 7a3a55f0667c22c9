//! What the pages ask of their own back ends: tickets, publishing, the demo's switches.

use std::rc::Rc;

use bytes::Bytes;
use footbridge_model::time::Clock;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::Either;
use serde_json::{Value, json};

use super::{
    cast::{BOUGHT, HOST, PHOTO, Player},
    front::{Front, Manner, Open},
    pages::{self, Answer},
};
use crate::clock::SystemClock;

/// Answers a page, or a browser that wants one.
pub(super) async fn answer(player: &Player, front: &Rc<Front>, head: &Parts, body: &Bytes) -> Answer {
    if !pages::named(player, &head.headers) {
        return pages::elsewhere(player, &head.method);
    }
    let Some(open) = front.opened() else {
        return pages::text(StatusCode::SERVICE_UNAVAILABLE, "the demo is about to begin; try again");
    };
    let path = head.uri.path();
    if head.method == Method::GET {
        return get(player, front, open, head).await;
    }
    if head.method != Method::POST {
        return pages::text(StatusCode::METHOD_NOT_ALLOWED, "GET or POST");
    }
    // Any page on any site can send a POST here; this app has only its own page in mind.
    if !pages::own(player, &head.headers) || !is_json(&head.headers) {
        return pages::text(StatusCode::FORBIDDEN, "only this app's own page may ask for that");
    }
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    match (path, player.name) {
        ("/api/ticket", _) => ticket(player, open, &asked).await,
        ("/api/photos", HOST) => publish(player, open, &asked).await,
        ("/api/shop", HOST) => behave(front, &asked),
        _ => nothing(),
    }
}

async fn get(player: &Player, front: &Rc<Front>, open: &Open, head: &Parts) -> Answer {
    match (head.uri.path(), player.name) {
        ("/api/feed", HOST) => {
            let mut answer = pages::text(StatusCode::OK, "").map(|_| Either::Right(front.feed()));
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            answer
        }
        ("/api/books", HOST) => {
            let event = head.uri.query().and_then(|query| query.strip_prefix("event="));
            let deliveries = open.caller.deliveries(event.unwrap_or_default()).await;
            said(deliveries.map(|deliveries| json!({ "deliveries": deliveries })))
        }
        (path, _) => pages::file(player, open, path).unwrap_or_else(nothing),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

/// A ticket is all of this app's authority that its page ever holds: for one use, few events and a short time.
async fn ticket(player: &Player, open: &Open, asked: &Value) -> Answer {
    let photos = format!("{HOST}/{PHOTO}");
    let wanted = match asked.get("use").and_then(Value::as_str) {
        Some("live") => json!({ "use": "live", "events": [photos], "ttl": "1m" }),
        Some("forward") if player.name == HOST => {
            json!({ "use": "forward", "events": [format!("{HOST}/{BOUGHT}")], "ttl": "5m" })
        }
        _ => return pages::text(StatusCode::BAD_REQUEST, "no page of this app needs such a ticket"),
    };
    said(open.caller.ticket(player, &wanted).await)
}

/// Publishes as a back end does: with the app's token, which its page never sees.
async fn publish(player: &Player, open: &Open, asked: &Value) -> Answer {
    let sent = SystemClock.now();
    let event = json!({ "body": asked });
    let published = open.caller.publish(player, PHOTO, &event).await;
    let accepted = SystemClock.now();
    said(published.map(|event| json!({ "event": event, "sent": sent.0, "accepted": accepted.0 })))
}

fn behave(front: &Front, asked: &Value) -> Answer {
    let Some(manner) = asked.get("manner").and_then(Value::as_str).and_then(Manner::parse) else {
        return pages::text(StatusCode::BAD_REQUEST, "it works, fails or hangs-up");
    };
    front.behave(manner);
    said(Ok(json!({})))
}

fn nothing() -> Answer {
    pages::text(StatusCode::NOT_FOUND, "nothing here")
}

fn said(result: Result<Value, String>) -> Answer {
    let (status, value) = match result {
        Ok(value) => (StatusCode::OK, value),
        Err(why) => (StatusCode::BAD_GATEWAY, json!({ "error": why })),
    };
    json_answer(status, &value)
}

/// An answer in JSON.
pub(super) fn json_answer(status: StatusCode, value: &Value) -> Answer {
    let mut answer = pages::text(status, value.to_string());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
