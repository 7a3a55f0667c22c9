//! What a sample app does with what the server sends it: it checks, answers, and tells the story's teller.

use std::cell::Cell;

use bytes::Bytes;
use footbridge_model::time::Millis;
use http::{HeaderMap, StatusCode, request::Parts};
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use super::{
    cast::{BOUGHT, PHOTO, Player, RECEIVER_PATH},
    check,
    desk::json_answer,
    front::Manner,
    pages::Answer,
    seen::{Seen, What},
};

/// The number before that of the first order of a visitor.
const ORDERS: u32 = 124;

/// The receiving side of a sample app.
pub(super) struct Receiver {
    pub(super) player: Player,
    pub(super) heard: Sender<Seen>,
    /// Whether it will still fail once, as apps do at the worst time.
    pub(super) fails_once: Cell<bool>,
    /// How many orders it took.
    pub(super) orders: Cell<u32>,
}

/// Ends the connection without an answer.
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
    ) -> Result<Answer, HungUp> {
        let Ok(event) = serde_json::from_slice::<Value>(body) else {
            return Ok(json_answer(StatusCode::BAD_REQUEST, &json!({"error": "not JSON"})));
        };
        let headers = &head.headers;
        let trusted = self.proven(head, &event).and_then(|()| self.signed(headers, body, at));
        let what = what(head, &event);
        let (status, answer) = match (&trusted, manner) {
            (Err(why), _) => (StatusCode::UNAUTHORIZED, json!({ "error": why })),
            (Ok(()), Manner::Fails) => {
                (StatusCode::INTERNAL_SERVER_ERROR, json!({"error": "the shop is on fire"}))
            }
            (Ok(()), _) => self.reply(&what, event.get("payload")),
        };
        let hangs_up = manner == Manner::HangsUp && trusted.is_ok();
        let seen = Seen {
            app: self.player.name,
            what,
            id: header(headers, "webhook-id"),
            at,
            body: event,
            status: (!hangs_up).then_some(status.as_u16()),
            answer: if hangs_up { Value::Null } else { answer.clone() },
            distrust: trusted.err(),
        };
        // Nobody listens any more once the story has ended; the app answers all the same.
        let _ = self.heard.send(seen).await;
        if hangs_up { Err(HungUp) } else { Ok(json_answer(status, &answer)) }
    }

    fn proven(&self, head: &Parts, event: &Value) -> Result<(), String> {
        if head.uri.path() == RECEIVER_PATH {
            check::credential(&self.player, &head.headers)
        } else {
            check::token(&self.player, event)
        }
    }

    fn signed(&self, headers: &HeaderMap, body: &[u8], now: Millis) -> Result<(), String> {
        check::signature(&self.player, headers, body, now)
    }

    /// What a sample app has to say.
    fn reply(&self, what: &What, payload: Option<&Value>) -> (StatusCode, Value) {
        let member = |name: &str| payload.and_then(|payload| payload.get(name)).cloned().unwrap_or_default();
        let answer = match what {
            What::Event { name, attempt } if self.restarting(name, attempt) => {
                return (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "restarting"}));
            }
            What::Event { .. } => json!({}),
            What::Exchange { event_type } => match event_type.as_str() {
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

    /// The app that only listens is, whenever a visitor publishes, just not there.
    fn restarting(&self, event: &str, attempt: &str) -> bool {
        let listener = self.player.name == super::cast::LISTENER;
        self.fails_once.take() || (listener && event == PHOTO && attempt == "1")
    }
}

fn what(head: &Parts, event: &Value) -> What {
    if head.uri.path() == RECEIVER_PATH {
        What::Exchange { event_type: text(event, "event_type") }
    } else {
        What::Event { name: text(event, "name"), attempt: header(&head.headers, "footbridge-attempt") }
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn text(event: &Value, member: &str) -> String {
    event.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
