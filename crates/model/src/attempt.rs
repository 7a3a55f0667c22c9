//! What one outbound HTTP attempt came to: who failed, and how far the request got.
//!
//! Data rather than text, so that policy (retry, breaker, error table) never matches on strings.

use std::fmt;

/// Why an attempt brought no HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The address policy refuses where the name or literal leads to; nothing was dialled.
    Blocked,
    /// The name did not resolve, or the resolver failed.
    Dns,
    /// The peer refused the connection, or the network said it cannot be reached.
    Refused,
    /// The connection was reset or closed before a whole answer.
    Reset,
    /// The TLS handshake failed, the certificate included.
    Tls,
    /// No whole answer within the deadline.
    Timeout,
    /// What came back is not HTTP as we accept it.
    Malformed,
    /// The answer is larger than the caller takes.
    TooLarge,
    /// The app that it is for did not start.
    NotStarted,
    /// The function that it is for did not end well.
    Function,
    /// The app that it is for, which this server had started, ended before it answered.
    Crashed,
    /// What it published would have gone on a chain of events that is long enough.
    Loop,
    /// What was to be sent cannot be read from the journal as it was written; nothing was sent.
    Damaged,
}

impl FailureKind {
    /// The word for it in logs, metrics and `last_error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::NotStarted => "not_started",
            Self::Function => "function",
            Self::Crashed => "crashed",
            Self::Loop => "loop",
            Self::Damaged => "damaged",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the request had got when the attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No byte of it left this process.
    Nothing,
    /// Some of it may have left: the outcome at the receiver is unknown.
    Perhaps,
}

/// An attempt that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// Whether the receiver may have seen the request.
    pub sent: Sent,
    /// One line for the operator. Never holds a secret, a header or a payload.
    pub detail: String,
}

impl Failure {
    /// A failure before anything was sent.
    pub fn before(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, sent: Sent::Nothing, detail: detail.into() }
    }

    /// A failure after the request may have reached the receiver.
    pub fn after(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, sent: Sent::Perhaps, detail: detail.into() }
    }
}
