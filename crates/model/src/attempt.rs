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
    Tls(TlsFault),
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
    /// This server was short of something of its own, such as file descriptors: it says nothing of the receiver.
    Local,
}

/// What is wrong with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// Nobody that is trusted here has signed the certificate.
    UnknownIssuer,
    /// The certificate is for other names.
    WrongName,
    /// The port does not speak TLS.
    NotTls,
    /// The port speaks TLS, and was spoken to without.
    Wanted,
    /// There is no version of TLS that both speak.
    Version,
    /// Anything else.
    Other,
}

impl TlsFault {
    /// What is wrong, in words that name nobody.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::UnknownIssuer => "the certificate is signed by an unknown authority ([egress] ca_file)",
            Self::WrongName => "the certificate is for another name",
            Self::NotTls => "the port does not speak TLS (http:// instead of https://?)",
            Self::Wanted => "the port speaks TLS (https:// instead of http://)",
            Self::Version => "there is no version of TLS that both speak",
            Self::Other => "the TLS handshake failed",
        }
    }
}

impl FailureKind {
    /// The word for it in logs, metrics and `last_error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Tls(TlsFault::Expired) => "tls_expired",
            Self::Tls(TlsFault::NotYetValid) => "tls_not_yet_valid",
            Self::Tls(TlsFault::UnknownIssuer) => "tls_unknown_issuer",
            Self::Tls(TlsFault::WrongName) => "tls_wrong_name",
            Self::Tls(TlsFault::NotTls) => "tls_not_tls",
            Self::Tls(TlsFault::Wanted) => "tls_wanted",
            Self::Tls(TlsFault::Version) => "tls_version",
            Self::Tls(TlsFault::Other) => "tls",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::NotStarted => "not_started",
            Self::Function => "function",
            Self::Crashed => "crashed",
            Self::Loop => "loop",
            Self::Damaged => "damaged",
            Self::Local => "local",
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
