//! Bodies of answers about exchanges.

use crate::event::Cause;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The status of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExchangeStatus {
    Running,
    Answered,
    Failed,
}

impl ExchangeStatus {
    /// Returns the status as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Answered => "answered",
            Self::Failed => "failed",
        }
    }
}

/// An exchange as its sender sees it.
#[expect(clippy::struct_field_names, reason = "the members are named in the contract")]
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Exchange {
    #[schema(example = "exc_0f7m2k9x4c1aa")]
    pub exchange_id: String,
    pub status: ExchangeStatus,
    /// Answer of the recipient, byte for byte. Stored for 24 hours, and only with `Prefer: respond-async` or an
    /// `Idempotency-Key`.
    #[schema(value_type = Option<serde_json::Value>)]
    pub answer: Option<Box<RawValue>>,
    #[schema(example = "EVENT_DELIVERY_FAILED")]
    pub error_code: Option<String>,
    pub error_message: Option<String>,
}

/// An exchange as the administrator sees it.
// Repeats the members of `Exchange`: raw JSON cannot be read through a flattened member.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExchangeDetail {
    #[schema(example = "exc_0f7m2k9x4c1aa")]
    pub exchange_id: String,
    pub status: ExchangeStatus,
    /// Answer of the recipient, byte for byte. Stored for 24 hours, and only with `Prefer: respond-async` or an
    /// `Idempotency-Key`.
    #[schema(value_type = Option<serde_json::Value>)]
    pub answer: Option<Box<RawValue>>,
    #[schema(example = "EVENT_DELIVERY_FAILED")]
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    /// Direction of the exchange, `to_miniapp` or `to_host`.
    pub direction: String,
    pub sender: String,
    pub recipient: String,
    pub event_type: String,
    #[schema(format = DateTime)]
    pub at: String,
    pub ms: Option<u32>,
    /// HTTP status that the sender got; `null` while the exchange runs.
    pub http_status: Option<u16>,
    /// HTTP status that the recipient answered; `null` if it did not answer.
    pub upstream_status: Option<u16>,
    /// How it came: `api`, `page` or `console`.
    #[schema(example = "api")]
    pub via: String,
    /// The event that led the sender to send it.
    pub cause: Option<Cause>,
    /// Id of the trace that the sender's request belonged to.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace: Option<String>,
    /// True for an exchange that was sent as a test.
    pub test: bool,
}
