//! Failures of outbound attempts: the kind of failure, and how much of the request was sent.
//!
//! They are data and not text, so that retries, breakers and error tables never compare strings.

use std::fmt;

/// The reason why an attempt brought no HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The address policy refuses the address; nothing was dialled.
    Blocked,
    /// The name did not resolve, or the resolver failed.
    Dns,
    /// The peer refused the connection, or the network reported that it cannot be reached.
    Refused,
    /// The connection was reset or closed before the answer was complete.
    Reset,
    /// The TLS handshake failed, the certificate included.
    Tls(TlsFault),
    /// No complete answer came before the deadline.
    Timeout,
    /// The answer is not valid HTTP, or uses a feature that is not supported.
    Malformed,
    /// The answer is larger than the caller allows.
    TooLarge,
    /// The installed app that should receive the request did not start.
    NotStarted,
    /// The function failed.
    Function,
    /// The installed app ended before it answered.
    Crashed,
    /// An event that it published would have made its chain of events too long.
    Loop,
    /// The event is damaged in the journal; nothing was sent.
    Damaged,
    /// This server was short of a resource such as file descriptors. The receiver is not at fault.
    Local,
}

/// The reason why there is no TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// No trusted authority has signed the certificate.
    UnknownIssuer,
    /// The certificate is for other names.
    WrongName,
    /// The port does not speak TLS.
    NotTls,
    /// The port speaks TLS, and the request was sent without.
    Wanted,
    /// Client and server support no common version of TLS.
    Version,
    /// Any other failure.
    Other,
}

impl TlsFault {
    /// The reason in words, without the name of the receiver.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::UnknownIssuer => "the certificate is signed by an unknown authority ([egress] ca_file)",
            Self::WrongName => "the certificate is for another name",
            Self::NotTls => "the port does not speak TLS (http:// instead of https://?)",
            Self::Wanted => "the port speaks TLS (https:// instead of http://)",
            Self::Version => "there is no version of TLS that both speak",
            Self::Other => "the TLS handshake failed (http:// instead of https://?)",
        }
    }
}

impl FailureKind {
    /// All kinds of failures.
    const ALL: [Self; 21] = [
        Self::Blocked,
        Self::Dns,
        Self::Refused,
        Self::Reset,
        Self::Tls(TlsFault::Expired),
        Self::Tls(TlsFault::NotYetValid),
        Self::Tls(TlsFault::UnknownIssuer),
        Self::Tls(TlsFault::WrongName),
        Self::Tls(TlsFault::NotTls),
        Self::Tls(TlsFault::Wanted),
        Self::Tls(TlsFault::Version),
        Self::Tls(TlsFault::Other),
        Self::Timeout,
        Self::Malformed,
        Self::TooLarge,
        Self::NotStarted,
        Self::Function,
        Self::Crashed,
        Self::Loop,
        Self::Damaged,
        Self::Local,
    ];

    /// The name of the kind in logs, metrics and `last_error`.
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

impl FailureKind {
    /// The kind of a failure whose error is stored as text.
    ///
    /// ```
    /// use footbridge_model::attempt::{Failure, FailureKind};
    ///
    /// let stored = Failure::before(FailureKind::Dns, "shop.example does not resolve").to_string();
    /// assert_eq!(FailureKind::of_error(&stored), Some(FailureKind::Dns));
    /// assert_eq!(FailureKind::of_error("the receiver answered 503"), None);
    /// ```
    pub fn of_error(error: &str) -> Option<Self> {
        let (kind, _) = error.split_once(':')?;
        Self::ALL.into_iter().find(|known| known.as_str() == kind)
    }

    /// Returns true if the receiver gave no answer because it could not be reached, does not run, or did not react.
    pub const fn is_unreachable(self) -> bool {
        match self {
            Self::Dns
            | Self::Refused
            | Self::Reset
            | Self::Tls(_)
            | Self::Timeout
            | Self::NotStarted
            | Self::Crashed => true,
            Self::Blocked
            | Self::Malformed
            | Self::TooLarge
            | Self::Function
            | Self::Loop
            | Self::Damaged
            | Self::Local => false,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of the request was sent when the attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No byte left this process.
    Nothing,
    /// Some bytes may have left: the outcome at the receiver is unknown.
    Perhaps,
}

/// An attempt that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// How much of the request the receiver may have seen.
    pub sent: Sent,
    /// One line for the operator, without secrets, headers and payloads.
    pub detail: String,
}

impl Failure {
    /// A failure before anything was sent.
    ///
    /// ```
    /// use footbridge_model::attempt::{Failure, FailureKind, Sent};
    ///
    /// let failure = Failure::before(FailureKind::Dns, "shop.example does not resolve");
    /// assert_eq!(failure.sent, Sent::Nothing);
    /// assert_eq!(failure.to_string(), "dns: shop.example does not resolve");
    /// ```
    pub fn before(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, sent: Sent::Nothing, detail: detail.into() }
    }

    /// A failure after the request may have reached the receiver.
    pub fn after(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, sent: Sent::Perhaps, detail: detail.into() }
    }
}
