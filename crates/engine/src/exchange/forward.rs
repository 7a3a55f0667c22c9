//! Sending an exchange to its recipient once, and reading the answer.

use super::accept::Exchanges;
use super::checked::CheckedExchange;
use super::error::ExchangeError;
use crate::recipient::PermitError;
use crate::test_mark::{IS_TEST, TEST};
use crate::trace;
use bytes::Bytes;
use footbridge_courier::{Answer, AnswerLimit, Courier, Outbound};
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use footbridge_model::exchange::ExchangeOutcome;
use footbridge_model::json::{self, JsonError};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use tokio::time::Instant;

/// The header with the id of an exchange, in requests and answers.
pub(super) const EXCHANGE_ID: HeaderName = HeaderName::from_static("footbridge-exchange-id");

/// The result of one send.
pub(super) struct SendResult {
    pub(super) result: Result<Bytes, ExchangeError>,
    /// How much of the request the recipient may have seen.
    pub(super) sent: Sent,
    /// The HTTP status of the recipient's answer, if there was one.
    pub(super) status: Option<u16>,
}

impl SendResult {
    const fn unsent(error: ExchangeError) -> Self {
        Self { result: Err(error), sent: Sent::Nothing, status: None }
    }

    pub(super) fn into_outcome(self) -> ExchangeOutcome {
        match self.result {
            Ok(answer) => ExchangeOutcome::Answered(answer),
            Err(error) => ExchangeOutcome::Failed(error.into()),
        }
    }
}

impl Exchanges {
    /// Sends the exchange once, within its deadline.
    pub(super) async fn forward(&self, courier: &Courier, checked: &CheckedExchange) -> SendResult {
        let recipient = &checked.recipient;
        let Some(target) = &recipient.receiver else {
            return SendResult::unsent(ExchangeError::BadRecipient("the recipient has no receiver"));
        };
        let state = &recipient.state;
        if let Err(wait) = state.breaker.admit(checked.started) {
            return SendResult::unsent(ExchangeError::BreakerOpen(wait));
        }
        let _permit = match state.permits.acquire(checked.deadline).await {
            Ok(permit) => permit,
            Err(PermitError::QueueFull) => return SendResult::unsent(ExchangeError::QueueFull),
            Err(PermitError::DeadlinePassed) => return SendResult::unsent(ExchangeError::Busy),
        };
        let Some(headers) = self.headers(checked) else {
            let why = "the recipient's credentials cannot be sent";
            return SendResult::unsent(ExchangeError::BadRecipient(why));
        };
        let outbound = Outbound {
            method: Method::POST,
            target: Arc::clone(target),
            app: Arc::clone(&recipient.label),
            grants: Arc::clone(&recipient.grants),
            roots: recipient.roots.clone(),
            headers,
            body: checked.body.clone(),
            deadline: checked.deadline,
            answer: AnswerLimit::Refuse(self.answer_limit),
            written: None,
        };
        let result = courier.send_for_body(outbound).await;
        if let Some(reached) = reached(&result, checked.shortened) {
            state.breaker.record(reached, Instant::now());
        }
        match result {
            Ok(answer) => {
                let status = Some(answer.status.as_u16());
                SendResult { result: read(answer), sent: Sent::Perhaps, status }
            }
            Err(failure) => {
                let sent = failure.sent;
                SendResult { result: Err(ExchangeError::Attempt(failure)), sent, status: None }
            }
        }
    }

    fn headers(&self, checked: &CheckedExchange) -> Option<HeaderMap> {
        let now = self.clock.now();
        let recipient = &checked.recipient;
        let id = checked.head.id.text();
        let id_value = HeaderValue::from_str(&id).ok()?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(AUTHORIZATION, recipient.authorization(now)?.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(EXCHANGE_ID, id_value);
        if checked.head.provenance.test {
            headers.insert(TEST, IS_TEST);
        }
        recipient.sign(&mut headers, &id, &checked.body, now)?;
        trace::add_span(&mut headers, checked.head.provenance.trace, &*self.entropy);
        trace::add_state(&mut headers, checked.trace_state.as_ref());
        Some(headers)
    }
}

/// Tells the breaker if the recipient could be reached. Returns `None` for failures that do not show it.
fn reached(result: &Result<Answer, Failure>, shortened: bool) -> Option<bool> {
    let Err(failure) = result else { return Some(true) };
    match failure.kind {
        // A sender with a short deadline must not open the breaker for others.
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

/// Reads the body of an answer: any 2xx with JSON, or with nothing.
fn read(answer: Answer) -> Result<Bytes, ExchangeError> {
    let status = answer.status.as_u16();
    if !answer.status.is_success() {
        return Err(ExchangeError::BadStatus(status));
    }
    if answer.body.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        return Ok(Bytes::new());
    }
    match json::check(&answer.body) {
        Ok(()) => Ok(answer.body),
        Err(JsonError::TooDeep) => Err(ExchangeError::AnswerTooDeep),
        Err(_) => Err(ExchangeError::AnswerNotJson(status)),
    }
}
