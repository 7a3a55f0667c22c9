//! What went wrong, as data: from the errors of the system, TLS and HTTP to [`Failure`].
//!
//! The texts are written here and not taken from below, so that none can carry a header or a piece of an answer.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use footbridge_model::attempt::{Failure, FailureKind, Sent};

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

/// A connection that broke, or an answer that is none, after the request was handed over.
pub(crate) fn exchange_failure(error: &hyper::Error, sent: Sent) -> Failure {
    let io = find::<io::Error>(error);
    let (kind, detail) = if let Some(tls) = io.and_then(tls_cause) {
        (FailureKind::Tls, format!("the TLS connection broke: {tls}"))
    } else if error.is_parse_too_large() {
        (FailureKind::Malformed, "the head of the answer is too large".to_owned())
    } else if error.is_parse() || is_bad_framing(error) {
        (FailureKind::Malformed, "the answer is not valid HTTP/1.1".to_owned())
    } else {
        (FailureKind::Reset, "the connection closed before the whole answer".to_owned())
    };
    Failure { kind, sent, detail }
}

/// Broken chunks surface as I/O errors that no socket makes; so does a message where none was due.
fn is_bad_framing(error: &hyper::Error) -> bool {
    let Some(io) = find::<io::Error>(error) else { return false };
    matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
}

fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
