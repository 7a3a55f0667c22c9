//! Boxo's error codes, and the code and HTTP status for each kind of failed exchange.

use footbridge_model::exchange::ExchangeFailureKind;
use serde::Serialize;

/// An error code of Boxo's event bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ErrorCode {
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
    /// All codes of the bridge.
    pub(crate) const ALL: [Self; 4] =
        [Self::Unauthorized, Self::InvalidEventData, Self::EventReceiverDisabled, Self::EventDeliveryFailed];

    /// The code as it is written in answers and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::InvalidEventData => "INVALID_EVENT_DATA",
            Self::EventReceiverDisabled => "EVENT_RECEIVER_DISABLED",
            Self::EventDeliveryFailed => "EVENT_DELIVERY_FAILED",
        }
    }
}

/// The HTTP status and the code for a kind of failure.
pub(crate) const fn row(kind: ExchangeFailureKind) -> (u16, ErrorCode) {
    use ExchangeFailureKind as Kind;
    match kind {
        Kind::Forbidden | Kind::SenderIsRecipient => (403, ErrorCode::Unauthorized),
        Kind::ReceiverDisabled => (409, ErrorCode::EventReceiverDisabled),
        Kind::KeyReused => (422, ErrorCode::InvalidEventData),
        Kind::KeyInUse => (409, ErrorCode::EventDeliveryFailed),
        Kind::Unavailable => (503, ErrorCode::EventDeliveryFailed),
        Kind::JournalFull => (507, ErrorCode::EventDeliveryFailed),
        Kind::Internal => (500, ErrorCode::EventDeliveryFailed),
        Kind::Undelivered => (502, ErrorCode::EventDeliveryFailed),
        Kind::NoAnswer => (504, ErrorCode::EventDeliveryFailed),
        // Proxies log 499 for a client that disconnected before the answer.
        Kind::SenderLeft => (499, ErrorCode::EventDeliveryFailed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_know_the_codes_that_senders_get() {
        for kind in ExchangeFailureKind::ALL {
            assert_eq!(row(kind).1.as_str(), kind.bridge_code(), "{kind:?}");
        }
    }
}
