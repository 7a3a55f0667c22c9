//! The receiving side of a sample app: it checks a request, answers it, and reports it to the demo.

use std::cell::Cell;

use bytes::Bytes;
use footbridge_model::time::Millis;
use http::{HeaderMap, StatusCode, request::Parts};
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use super::{
    apps::{BOUGHT, PHOTO, RECEIVER_PATH, SampleApp},
    check,
    handlers::json_answer,
    page_state::Manner,
    pages::PageAnswer,
    received::{Received, RequestKind},
};

/// The number before the first order of a visitor.
const ORDERS: u32 = 124;

/// The receiving side of one sample app.
pub(super) struct Receiver {
    pub(super) app: SampleApp,
    pub(super) received: Sender<Received>,
    /// True if the app fails the next request, to show a retry.
    pub(super) fails_once: Cell<bool>,
    /// The number of orders so far.
    pub(super) orders: Cell<u32>,
}

/// The app closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the app hangs up")]
pub(super) struct HungUp;

impl Receiver {
    pub(super) async fn answer(
        &self,
        head: &Parts,
        body: &Bytes,
        at: Millis,
        manner: Manner,
    ) -> Result<PageAnswer, HungUp> {
        let Ok(event) = serde_json::from_slice::<Value>(body) else {
            return Ok(json_answer(StatusCode::BAD_REQUEST, &json!({"error": "not JSON"})));
        };
        let headers = &head.headers;
        let trusted =
            self.check_credential(head, &event).and_then(|()| self.check_signature(headers, body, at));
        let what = what(head, &event);
        let (status, answer) = match (&trusted, manner) {
            (Err(why), _) => (StatusCode::UNAUTHORIZED, json!({ "error": why })),
            (Ok(()), Manner::Fails) => {
                (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": "the shop is on fire"}))
            }
            (Ok(()), _) => self.reply(&what, event.get("payload")),
        };
        let hangs_up = manner == Manner::HangsUp && trusted.is_ok();
        let request = Received {
            app: self.app.name,
            what,
            id: header(headers, "webhook-id"),
            at,
            body: event,
            status: (!hangs_up).then_some(status.as_u16()),
            answer: if hangs_up { Value::Null } else { answer.clone() },
            distrust: trusted.err(),
        };
        // The demo may have ended; the app answers all the same.
        let _ = self.received.send(request).await;
        if hangs_up { Err(HungUp) } else { Ok(json_answer(status, &answer)) }
    }

    fn check_credential(&self, head: &Parts, event: &Value) -> Result<(), String> {
        if head.uri.path() == RECEIVER_PATH {
            check::credential(&self.app, &head.headers)
        } else {
            check::token(&self.app, event)
        }
    }

    fn check_signature(&self, headers: &HeaderMap, body: &[u8], now: Millis) -> Result<(), String> {
        check::signature(&self.app, headers, body, now)
    }

    /// Returns the answer of the app.
    fn reply(&self, what: &RequestKind, payload: Option<&Value>) -> (StatusCode, Value) {
        let member = |name: &str| payload.and_then(|payload| payload.get(name)).cloned().unwrap_or_default();
        let answer = match what {
            RequestKind::Event { name, attempt } if self.restarting(name, attempt) => {
                return (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "restarting"}));
            }
            RequestKind::Event { .. } => json!({}),
            RequestKind::Exchange { event_type } => match event_type.as_str() {
                "user_profile_updated" => json!({"ok": true, "customer": member("user_reference")}),
                "order_status_update" => json!({"ok": true, "shown_to_user": true}),
                BOUGHT => {
                    self.orders.set(self.orders.get().saturating_add(1));
                    let order = format!("order_{}", self.orders.get().saturating_add(ORDERS));
                    json!({"ok": true, "order": order, "sku": member("sku")})
                }
                _ => json!({"ok": true}),
            },
        };
        (StatusCode::OK, answer)
    }

    /// Returns true if the app answers as if it was restarting. The listener does so at the first attempt of an event that
    /// a visitor publishes.
    fn restarting(&self, event: &str, attempt: &str) -> bool {
        let listener = self.app.name == super::apps::LISTENER;
        self.fails_once.take() || (listener && event == PHOTO && attempt == "1")
    }
}

fn what(head: &Parts, event: &Value) -> RequestKind {
    if head.uri.path() == RECEIVER_PATH {
        RequestKind::Exchange { event_type: text(event, "event_type") }
    } else {
        RequestKind::Event { name: text(event, "name"), attempt: header(&head.headers, "footbridge-attempt") }
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn text(event: &Value, member: &str) -> String {
    event.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
