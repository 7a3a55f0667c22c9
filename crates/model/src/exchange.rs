//! An event for one recipient whose answer goes back to the sender.

use crate::id::ExchangeId;
use crate::name::AppName;
use crate::time::Millis;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

/// The longest event type, in characters.
pub const EVENT_TYPE_MAX: usize = 128;

/// Which way an exchange goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A host app sends to a miniapp.
    ToMiniapp,
    /// A miniapp sends to a host app.
    ToHost,
}

impl Direction {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToMiniapp => "to_miniapp",
            Self::ToHost => "to_host",
        }
    }

    /// The last part of the path that it is sent to: whose endpoint it is.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::ToMiniapp => "hostapp",
            Self::ToHost => "miniapp",
        }
    }
}

/// What Boxo calls an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The sender is not authorised.
    Unauthorized,
    /// The request is not a valid event.
    InvalidEventData,
    /// The recipient takes no events.
    EventReceiverDisabled,
    /// The event did not reach the recipient, or its answer did not come back.
    EventDeliveryFailed,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 4] =
        [Self::Unauthorized, Self::InvalidEventData, Self::EventReceiverDisabled, Self::EventDeliveryFailed];

    /// The text of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::InvalidEventData => "INVALID_EVENT_DATA",
            Self::EventReceiverDisabled => "EVENT_RECEIVER_DISABLED",
            Self::EventDeliveryFailed => "EVENT_DELIVERY_FAILED",
        }
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The recipient's answer; empty when it answered with nothing.
    Answered(Bytes),
    /// An error of ours.
    Failed(ExchangeFailure),
}

/// An error of ours as the sender sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeFailure {
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: ErrorCode,
    /// One line: what is wrong and how to mend it.
    pub message: String,
    /// When to try again, in seconds.
    pub retry_after: Option<u32>,
}

impl ExchangeFailure {
    /// A failure without advice on when to try again.
    pub fn new(status: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }
}

/// What a recipient is sent: the four members, names as registered and the payload byte for byte.
pub fn body(app_id: &AppName, client_id: &AppName, event_type: &str, payload: &[u8]) -> Bytes {
    // Names need no escapes, and a string always serialises.
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

/// What is known of an exchange before it is sent.
#[derive(Debug, Clone)]
pub struct ExchangeHead {
    /// Its id.
    pub id: ExchangeId,
    /// Which way it goes.
    pub direction: Direction,
    /// Who sends.
    pub sender: AppName,
    /// Who is to answer.
    pub recipient: AppName,
    /// What it is about, in the sender's words.
    pub event_type: String,
    /// When it was accepted.
    pub at: Millis,
}

/// An exchange as the journal keeps it.
#[derive(Debug, Clone)]
pub struct ExchangeRecord {
    /// What was known before it was sent.
    pub head: ExchangeHead,
    /// How it ended; `None` while it runs. An answer is kept only for those that asked for it to be
    /// (`Idempotency-Key`, `respond-async`), else it is empty here.
    pub ending: Option<Ending>,
    /// How long it took, in milliseconds.
    pub ms: Option<u32>,
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
