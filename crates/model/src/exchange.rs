//! An event for one recipient whose answer goes back to the sender.

use crate::id::ExchangeId;
use crate::name::AppName;
use crate::time::Millis;
use bytes::Bytes;
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
