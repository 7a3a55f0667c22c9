//! Errors of exchanges. An edge maps the kind of an error to the status codes of its protocol.

use footbridge_journal::JournalError;
use footbridge_model::attempt::{Failure, FailureKind, Sent};
use footbridge_model::exchange::{Direction, ExchangeFailure, ExchangeFailureKind};
use footbridge_model::json::MAX_DEPTH;
use std::time::Duration;

/// The reason why an exchange failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExchangeError {
    /// The draft names another sender than the credentials.
    #[error("{}", wrong_sender(*.direction, *.swapped))]
    WrongSender {
        /// The direction of the draft.
        direction: Direction,
        /// True if the draft names the caller as the recipient.
        swapped: bool,
    },
    /// The recipient does not exist, is disabled, or is not linked to the sender.
    #[error(
        "you are not linked to a recipient of that name, if there is one: the operator links two apps \
         with `footbridge link add HOST MINIAPP`, or a [[link]] in the configuration file"
    )]
    NotLinked,
    /// The recipient has no receiver, or the receiver is switched off.
    #[error("the recipient takes no events: its receiver is switched off or has no URL")]
    ReceiverDisabled,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Draining,
    /// The idempotency key was used with another body.
    #[error("this Idempotency-Key was used with another body; use a new key for a new event")]
    KeyReused,
    /// An exchange with this idempotency key has not ended.
    #[error("an exchange with this Idempotency-Key is still running")]
    KeyInUse,
    /// The recipient's breaker is open. Holds the wait until it lets an attempt through.
    #[error("the recipient cannot be reached at present")]
    BreakerOpen(Duration),
    /// The queue of the recipient is full.
    #[error("too many exchanges wait for the recipient")]
    QueueFull,
    /// No permit became free before the deadline.
    #[error("the recipient was busy until the deadline; nothing was sent")]
    Busy,
    /// The recipient's settings cannot be turned into a request.
    #[error("{0}")]
    BadRecipient(&'static str),
    /// The attempt brought no HTTP answer.
    #[error("{}", no_answer(.0))]
    Attempt(Failure),
    /// The recipient answered with a status other than 2xx.
    #[error("the recipient answered {0}; it must answer 200 or another 2xx")]
    BadStatus(u16),
    /// The answer is JSON and nests too deep.
    #[error("the recipient's answer nests deeper than {MAX_DEPTH} levels")]
    AnswerTooDeep,
    /// The answer is not JSON. Holds its status.
    #[error("the recipient answered {0} with something that is not JSON")]
    AnswerNotJson(u16),
    /// The exchange could not be stored, so nothing was sent.
    #[error("the exchange could not be stored: {}; {}", journal_reason(.0), key_hint(.0))]
    NotStored(JournalError),
    /// The event was sent, and the outcome could not be stored.
    #[error("the event was sent, but its outcome could not be stored: {}; the outcome is unknown", journal_reason(.0))]
    OutcomeNotStored(JournalError),
    /// The server ended while the exchange was running.
    #[error("the exchange was cut off; its outcome is unknown")]
    CutOff,
    /// The sender disconnected before the answer.
    #[error("the sender hung up before the answer")]
    SenderLeft,
}

impl ExchangeError {
    const fn kind(&self) -> ExchangeFailureKind {
        use ExchangeFailureKind as Kind;
        match self {
            Self::WrongSender { swapped: true, .. } => Kind::SenderIsRecipient,
            Self::WrongSender { swapped: false, .. } | Self::NotLinked => Kind::Forbidden,
            Self::ReceiverDisabled => Kind::ReceiverDisabled,
            Self::KeyReused => Kind::KeyReused,
            Self::KeyInUse => Kind::KeyInUse,
            Self::Draining
            | Self::BreakerOpen(_)
            | Self::QueueFull
            | Self::Attempt(Failure { kind: FailureKind::Local, .. })
            | Self::NotStored(
                JournalError::Busy(_)
                | JournalError::Unavailable { .. }
                | JournalError::Fenced
                | JournalError::Stopped(_)
                | JournalError::Unknown(_),
            ) => Kind::Unavailable,
            Self::Busy
            | Self::OutcomeNotStored(_)
            | Self::Attempt(Failure { kind: FailureKind::Timeout, .. }) => Kind::NoAnswer,
            Self::Attempt(_) | Self::BadStatus(_) | Self::AnswerTooDeep | Self::AnswerNotJson(_) => {
                Kind::Undelivered
            }
            Self::NotStored(JournalError::Full) => Kind::JournalFull,
            Self::NotStored(_) | Self::BadRecipient(_) | Self::CutOff => Kind::Internal,
            Self::SenderLeft => Kind::SenderLeft,
        }
    }

    /// The wait before another try can succeed, in seconds, if that is known.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Draining | Self::KeyInUse | Self::QueueFull => Some(1),
            Self::Attempt(failure) if failure.kind == FailureKind::Local => Some(1),
            Self::BreakerOpen(wait) => {
                Some(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1))
            }
            Self::NotStored(
                JournalError::Busy(_) | JournalError::Unavailable { .. } | JournalError::Fenced,
            ) => Some(2),
            Self::NotStored(JournalError::Stopped(_) | JournalError::Unknown(_)) => Some(5),
            _ => None,
        }
    }
}

/// Returns true if the exchange was refused because sender and recipient are not linked, or there is no such recipient.
pub(crate) fn refused_as_unlinked(failure: &ExchangeFailure) -> bool {
    failure.kind == ExchangeFailureKind::Forbidden && failure.message == ExchangeError::NotLinked.to_string()
}

impl From<ExchangeError> for ExchangeFailure {
    fn from(error: ExchangeError) -> Self {
        Self { kind: error.kind(), message: error.to_string(), retry_after: error.retry_after() }
    }
}

fn wrong_sender(direction: Direction, swapped: bool) -> String {
    let (member, role) = match direction {
        Direction::ToMiniapp => ("client_id", "a host"),
        Direction::ToHost => ("app_id", "a miniapp"),
    };
    if swapped {
        return format!(
            "your credentials are those of the recipient that the body names: this endpoint is for {role} that sends"
        );
    }
    format!("the body names another sender than the credentials: at this endpoint the sender is `{member}`")
}

/// The text for an attempt without an answer. It never names the recipient's address: the sender may belong to another
/// company. The log names it, under the id of the exchange.
fn no_answer(failure: &Failure) -> String {
    let text = match failure.kind {
        FailureKind::Timeout if failure.sent == Sent::Perhaps => {
            "no full answer within the deadline; the outcome at the recipient is unknown"
        }
        FailureKind::Timeout => {
            "the recipient could not be reached within the deadline; nothing was sent; the server's log names its address"
        }
        FailureKind::TooLarge => "the recipient's answer is larger than this server takes",
        FailureKind::Reset => {
            "the recipient closed the connection before answering (https:// instead of http://?)"
        }
        FailureKind::Malformed => "the recipient's answer is not HTTP",
        FailureKind::Refused => "the recipient refused the connection; the server's log names its address",
        FailureKind::Dns => {
            "the name of the recipient's receiver does not resolve; the server's log has the name"
        }
        FailureKind::Tls(fault) => {
            return format!("no TLS connection to the recipient's receiver: {}", fault.in_words());
        }
        FailureKind::Local => {
            "the server is short of file descriptors, memory or ports at present; nothing was sent"
        }
        FailureKind::Blocked => {
            "the outbound policy refuses the address of the recipient's receiver: private ones need [egress] allow, this server itself and metadata services are never allowed"
        }
        FailureKind::NotStarted
        | FailureKind::Function
        | FailureKind::Crashed
        | FailureKind::Loop
        | FailureKind::Damaged => "the recipient is not running",
    };
    text.to_owned()
}

/// The part of a journal error that a sender may know: no paths, and no messages of the system.
const fn journal_reason(error: &JournalError) -> &'static str {
    match error {
        JournalError::Full => "the disk that holds the journal is full",
        JournalError::Busy(_) => "the journal cannot be used at the moment",
        JournalError::Unavailable { .. } => "the database cannot be reached",
        JournalError::Fenced => "another server has taken over",
        JournalError::Unknown(_) => "the journal failed while it stored the exchange",
        JournalError::Stopped(_) => "the journal has stopped",
        _ => "an internal error; the server's log has the details",
    }
}

const fn key_hint(error: &JournalError) -> &'static str {
    match error {
        JournalError::Unknown(_) | JournalError::Unavailable { maybe_stored: true, .. } => {
            "nothing was sent, but the key may be in use: repeat the request with the same key"
        }
        _ => "nothing was sent",
    }
}
