//! Exchanges: an event for one recipient, whose answer goes back to the sender.

use crate::id::{EventId, ExchangeId};
use crate::name::AppName;
use crate::provenance::Provenance;
use crate::time::Millis;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

/// The longest event type, in characters.
pub const EVENT_TYPE_MAX: usize = 128;

/// The direction of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A host app sends to a miniapp.
    ToMiniapp,
    /// A miniapp sends to a host app.
    ToHost,
}

impl Direction {
    /// The word for it in answers and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToMiniapp => "to_miniapp",
            Self::ToHost => "to_host",
        }
    }
}

/// The outcome of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeOutcome {
    /// The recipient's answer; empty if the recipient answered without a body.
    Answered(Bytes),
    /// The exchange failed, and the sender gets an error.
    Failed(ExchangeFailure),
}

/// The kind of a failure, which decides what a sender can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExchangeFailureKind {
    /// The sender is not who the body says, or is not linked to the recipient.
    Forbidden,
    /// The body names the sender as the recipient, so the exchange has the wrong direction.
    SenderIsRecipient,
    /// The recipient takes no events.
    ReceiverDisabled,
    /// The idempotency key was used with another body.
    KeyReused,
    /// An exchange with this idempotency key has not ended.
    KeyInUse,
    /// The server or the recipient is overloaded or unreachable at present; nothing was sent.
    Unavailable,
    /// The journal has no room to store the exchange; nothing was sent.
    JournalFull,
    /// A fault of this server.
    Internal,
    /// The recipient was not reached, or its answer cannot be used.
    Undelivered,
    /// No complete answer came in time, or the outcome was lost.
    NoAnswer,
    /// The sender disconnected before the answer.
    SenderLeft,
}

impl ExchangeFailureKind {
    /// All kinds of failure.
    pub const ALL: [Self; 11] = [
        Self::Forbidden,
        Self::SenderIsRecipient,
        Self::ReceiverDisabled,
        Self::KeyReused,
        Self::KeyInUse,
        Self::Unavailable,
        Self::JournalFull,
        Self::Internal,
        Self::Undelivered,
        Self::NoAnswer,
        Self::SenderLeft,
    ];

    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::SenderIsRecipient => "sender_is_recipient",
            Self::ReceiverDisabled => "receiver_disabled",
            Self::KeyReused => "key_reused",
            Self::KeyInUse => "key_in_use",
            Self::Unavailable => "unavailable",
            Self::JournalFull => "journal_full",
            Self::Internal => "internal",
            Self::Undelivered => "undelivered",
            Self::NoAnswer => "no_answer",
            Self::SenderLeft => "sender_left",
        }
    }
}

impl ExchangeFailureKind {
    /// The error code with which the Event Bridge answers the sender.
    pub const fn bridge_code(self) -> &'static str {
        match self {
            Self::Forbidden | Self::SenderIsRecipient => "UNAUTHORIZED",
            Self::ReceiverDisabled => "EVENT_RECEIVER_DISABLED",
            Self::KeyReused => "INVALID_EVENT_DATA",
            Self::KeyInUse
            | Self::Unavailable
            | Self::JournalFull
            | Self::Internal
            | Self::Undelivered
            | Self::NoAnswer
            | Self::SenderLeft => "EVENT_DELIVERY_FAILED",
        }
    }
}

/// A failed exchange, as its sender sees it and as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeFailure {
    /// The kind of failure.
    pub kind: ExchangeFailureKind,
    /// One line: what is wrong and how to mend it.
    pub message: String,
    /// The wait before another try can succeed, in seconds, if known.
    pub retry_after: Option<u32>,
}

impl ExchangeFailure {
    /// A failure without advice on when to try again.
    ///
    /// ```
    /// use footbridge_model::exchange::{ExchangeFailure, ExchangeFailureKind};
    ///
    /// let failure = ExchangeFailure::new(ExchangeFailureKind::NoAnswer, "no answer in time");
    /// assert_eq!(failure.retry_after, None);
    /// ```
    pub fn new(kind: ExchangeFailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }
}

/// Writes the body of the request to the recipient: four members, with the names as registered and the payload byte for
/// byte.
pub fn body(app_id: &AppName, client_id: &AppName, event_type: &str, payload: &[u8]) -> Bytes {
    // App names need no escapes, and a string always serialises.
    let event_type = serde_json::to_string(event_type).unwrap_or_default();
    let parts = [
        b"{\"app_id\":\"",
        app_id.as_str().as_bytes(),
        b"\",\"client_id\":\"",
        client_id.as_str().as_bytes(),
        b"\",\"event_type\":",
        event_type.as_bytes(),
        b",\"payload\":",
        payload,
        b"}",
    ];
    let mut out = BytesMut::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.put_slice(part);
    }
    out.freeze()
}

/// The part of an exchange that is known before it is sent.
#[derive(Debug, Clone)]
pub struct ExchangeHead {
    /// The id of the exchange.
    pub id: ExchangeId,
    /// The direction: to a miniapp or to a host.
    pub direction: Direction,
    /// The app that sends.
    pub sender: AppName,
    /// The app that answers.
    pub recipient: AppName,
    /// The sender's name for the kind of event.
    pub event_type: String,
    /// The time of acceptance.
    pub at: Millis,
    /// The event that made the sender send it, if the sender received that event and named it.
    pub cause: Option<EventId>,
    /// The way by which it came, and its trace.
    pub provenance: Provenance,
}

/// An exchange as the journal stores it.
#[derive(Debug, Clone)]
pub struct ExchangeRecord {
    /// The part that was known before it was sent.
    pub head: ExchangeHead,
    /// The outcome; `None` while the exchange is running. The answer is stored only if the sender asked for that
    /// (`Idempotency-Key`, `respond-async`); otherwise it is empty.
    pub ending: Option<ExchangeOutcome>,
    /// The duration in milliseconds.
    pub ms: Option<u32>,
    /// The HTTP status of the recipient's answer, if there was one.
    pub answer_status: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipients_copy_keeps_the_payload_and_names_as_registered() {
        let (app, client) = (AppName::parse("Shop").unwrap(), AppName::parse("host_a5801h7tkBLi").unwrap());
        assert_eq!(
            body(&app, &client, "say \"hi\"", br#"{"a" :1.50, "a":2}"#),
            r#"{"app_id":"Shop","client_id":"host_a5801h7tkBLi","event_type":"say \"hi\"","payload":{"a" :1.50, "a":2}}"#
        );
    }
}
