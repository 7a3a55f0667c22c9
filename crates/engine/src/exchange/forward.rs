//! One send to the recipient, and what its answer means to the sender.

use super::accept::{Exchanges, Ready};
use crate::recipient::Full;
use bytes::Bytes;
use footbridge_courier::{Answer, AnswerLimit, Courier, Outbound};
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use footbridge_model::exchange::{Ending, ErrorCode, ExchangeFailure};
use footbridge_model::json::{self, JsonError, MAX_DEPTH};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The id of an exchange, both ways.
pub(super) const EXCHANGE_ID: HeaderName = HeaderName::from_static("footbridge-exchange-id");

/// What a send came to, and whether the recipient may have seen it.
pub(super) struct SendResult {
    pub(super) result: Result<Bytes, ExchangeFailure>,
    pub(super) sent: Sent,
}

impl SendResult {
    fn unsent(failure: ExchangeFailure) -> Self {
        Self { result: Err(failure), sent: Sent::Nothing }
    }

    pub(super) fn ending(self) -> Ending {
        match self.result {
            Ok(answer) => Ending::Answered(answer),
            Err(failure) => Ending::Failed(failure),
        }
    }
}

fn failed(status: u16, message: impl Into<String>) -> ExchangeFailure {
    ExchangeFailure::new(status, ErrorCode::EventDeliveryFailed, message)
}

fn later(message: &str, wait: Duration) -> ExchangeFailure {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1);
    ExchangeFailure { retry_after: Some(seconds), ..failed(503, message) }
}

impl Exchanges {
    /// Sends it once, within its deadline.
    pub(super) async fn forward(&self, courier: &Courier, ready: &Ready) -> SendResult {
        let recipient = &ready.recipient;
        let Some(target) = &recipient.receiver else {
            return SendResult::unsent(failed(500, "the recipient has no receiver"));
        };
        let state = &recipient.state;
        if let Err(wait) = state.breaker.admit(ready.begun) {
            return SendResult::unsent(later("the recipient cannot be reached at present", wait));
        }
        let _permit = match state.permits.acquire(ready.deadline).await {
            Ok(permit) => permit,
            Err(Full::Queue) => {
                return SendResult::unsent(later(
                    "too many exchanges wait for the recipient",
                    Duration::from_secs(1),
                ));
            }
            Err(Full::Deadline) => {
                return SendResult::unsent(failed(
                    504,
                    "the recipient was busy until the deadline; nothing was sent",
                ));
            }
        };
        let Some(headers) = self.headers(ready) else {
            return SendResult::unsent(failed(500, "the recipient's credentials cannot be sent"));
        };
        let outbound = Outbound {
            method: Method::POST,
            target: Arc::clone(target),
            app: Arc::clone(&recipient.label),
            grants: Arc::clone(&recipient.grants),
            roots: recipient.roots.clone(),
            headers,
            body: ready.body.clone(),
            deadline: ready.deadline,
            answer: AnswerLimit::Refuse(self.answer_limit),
            written: None,
        };
        let result = courier.send_for_body(outbound).await;
        if let Some(reached) = reached(&result, ready.shortened) {
            state.breaker.record(reached, Instant::now());
        }
        match result {
            Ok(answer) => SendResult { result: read(answer), sent: Sent::Perhaps },
            Err(failure) => SendResult { sent: failure.sent, result: Err(explain(&failure)) },
        }
    }

    fn headers(&self, ready: &Ready) -> Option<HeaderMap> {
        let now = self.clock.now();
        let recipient = &ready.recipient;
        let id = ready.head.id.text();
        let id_value = HeaderValue::from_str(&id).ok()?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(AUTHORIZATION, recipient.authorization(now)?.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(EXCHANGE_ID, id_value);
        recipient.sign(&mut headers, &id, &ready.body, now)?;
        Some(headers)
    }
}

/// What a send says about whether the recipient can be reached; `None` for what it says nothing about.
fn reached(result: &Result<Answer, Failure>, shortened: bool) -> Option<bool> {
    let Err(failure) = result else { return Some(true) };
    match failure.kind {
        // A sender that does not want to wait shall not cut the others off.
        FailureKind::Timeout => (!shortened).then_some(false),
        FailureKind::Refused | FailureKind::Reset => Some(false),
        FailureKind::Malformed | FailureKind::TooLarge => Some(true),
        FailureKind::Dns
        | FailureKind::Tls(_)
        | FailureKind::Local
        | FailureKind::Blocked
        | FailureKind::NotStarted
        | FailureKind::Crashed
        | FailureKind::Loop
        | FailureKind::Damaged
        | FailureKind::Function => None,
    }
}

/// A receiver answers any 2xx with JSON, or with nothing.
fn read(answer: Answer) -> Result<Bytes, ExchangeFailure> {
    let status = answer.status.as_u16();
    if !answer.status.is_success() {
        return Err(failed(
            502,
            format!("the recipient answered {status}; it must answer 200 or another 2xx"),
        ));
    }
    if answer.body.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        return Ok(Bytes::new());
    }
    match json::check(&answer.body) {
        Ok(()) => Ok(answer.body),
        Err(JsonError::TooDeep) => {
            Err(failed(502, format!("the recipient's answer nests deeper than {MAX_DEPTH} levels")))
        }
        Err(_) => {
            Err(failed(502, format!("the recipient answered {status} with something that is not JSON")))
        }
    }
}

fn explain(failure: &Failure) -> ExchangeFailure {
    match failure.kind {
        FailureKind::Timeout if failure.sent == Sent::Perhaps => {
            failed(504, "no full answer within the deadline; the outcome at the recipient is unknown")
        }
        FailureKind::Timeout => {
            failed(504, "the recipient could not be reached within the deadline; nothing was sent")
        }
        FailureKind::TooLarge => failed(502, "the recipient's answer is larger than this server takes"),
        FailureKind::Reset => failed(502, "the recipient closed the connection before answering"),
        FailureKind::Malformed => failed(502, "the recipient's answer is not HTTP"),
        FailureKind::Refused => failed(502, "the recipient refused the connection"),
        FailureKind::Dns => failed(502, "the name of the recipient's receiver does not resolve"),
        FailureKind::Tls(fault) => {
            failed(502, format!("no TLS connection to the recipient's receiver: {}", fault.in_words()))
        }
        FailureKind::Local => later(
            "the server is short of file descriptors, memory or ports at present; nothing was sent",
            Duration::from_secs(1),
        ),
        FailureKind::Blocked => failed(
            502,
            "the outbound policy refuses the address of the recipient's receiver: private ones need [egress] allow, this server itself and metadata services are never allowed",
        ),
        FailureKind::NotStarted
        | FailureKind::Function
        | FailureKind::Crashed
        | FailureKind::Loop
        | FailureKind::Damaged => failed(502, "the recipient is not running"),
    }
}
