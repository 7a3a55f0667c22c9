//! What went wrong, as data: from the errors of the system, TLS and HTTP to [`Failure`].
//!
//! The texts are written here and not taken from below, so that none can carry a header or a piece of an answer.

use std::io;
use std::net::SocketAddr;

use footbridge_model::attempt::{Failure, FailureKind, Sent};

use crate::fault::Fault;

/// A TCP connection that did not come about. Nothing was sent.
pub(crate) fn connect_failure(addr: SocketAddr, error: &io::Error) -> Failure {
    let (kind, what) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (FailureKind::Refused, "connection refused"),
        io::ErrorKind::TimedOut => (FailureKind::Timeout, "no reaction to the connection request"),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            (FailureKind::Refused, "unreachable")
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            (FailureKind::Refused, "reset while connecting")
        }
        _ => return Failure::before(FailureKind::Refused, format!("cannot connect to {addr}: {error}")),
    };
    Failure::before(kind, format!("{what} by {addr}"))
}

/// A TLS handshake that failed. Nothing of the request was sent.
pub(crate) fn tls_failure(host: &str, error: &io::Error) -> Failure {
    let what = match tls_cause(error) {
        Some(tls) => tls.to_string(),
        None => "the peer closed the connection".to_owned(),
    };
    Failure::before(FailureKind::Tls, format!("TLS handshake with {host} failed: {what}"))
}

/// An answer that did not come, or is none, on a connection that was open.
pub(crate) fn exchange_failure(fault: &Fault, sent: Sent, begun: bool) -> Failure {
    let (kind, detail) = match fault {
        Fault::Io(error) => match tls_cause(error) {
            Some(tls) => (FailureKind::Tls, format!("the TLS connection broke: {tls}")),
            None => reset(),
        },
        Fault::Closed => reset(),
        Fault::Malformed => (FailureKind::Malformed, "the answer is not valid HTTP/1.1".to_owned()),
        Fault::HeadTooLarge => (FailureKind::Malformed, "the head of the answer is too large".to_owned()),
        Fault::Switched => (FailureKind::Malformed, "the receiver switched protocols unasked".to_owned()),
        Fault::TooLarge(limit) => (FailureKind::TooLarge, format!("the answer is larger than {limit} bytes")),
        // A request that waits to be sent has an outcome as unknown as one that was.
        Fault::Late if begun => {
            return Failure::after(FailureKind::Timeout, "the answer was not complete within the deadline");
        }
        Fault::Late => return Failure::after(FailureKind::Timeout, "no answer within the deadline"),
    };
    Failure { kind, sent, detail }
}

fn reset() -> (FailureKind, String) {
    (FailureKind::Reset, "the connection closed before the whole answer".to_owned())
}

fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
