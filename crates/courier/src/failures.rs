//! Turns errors of the system, TLS and HTTP into [`Failure`].
//!
//! The texts are written here instead of taken from the errors, so that none contains a header or a part of an answer.

use std::io;
use std::net::SocketAddr;

use footbridge_model::attempt::{Failure, FailureKind, Sent, TlsFault};
use footbridge_model::time::Millis;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

use crate::round_trip_error::RoundTripError;

/// The most names of a certificate that a text lists.
const MAX_NAMES: usize = 8;

/// Returns true if this process or machine lacks descriptors, memory or ports. The receiver is not the cause.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    // EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL (no local port is free); and EAGAIN, which Linux says of the last
    // one as well. macOS numbers the latter three otherwise.
    const CODES: &[i32] =
        if cfg!(target_os = "linux") { &[24, 23, 12, 105, 99, 11] } else { &[24, 23, 12, 55, 49, 35] };
    error.kind() == io::ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

/// The failure of an attempt that was not made because this server lacks something.
pub(crate) fn shortage(what: &str, error: &io::Error) -> Failure {
    Failure::before(FailureKind::Local, format!("this server cannot {what} at present: {error}"))
}

/// The failure of a TCP connection that could not be opened. Nothing was sent.
pub(crate) fn connect_failure(addr: SocketAddr, error: &io::Error) -> Failure {
    if is_shortage(error) {
        return shortage("open a connection", error);
    }
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

/// The failure of a TLS handshake. Nothing of the request was sent.
pub(crate) fn tls_failure(host: &str, error: &io::Error) -> Failure {
    let (fault, what) = match tls_cause(error) {
        Some(tls) => explain(tls),
        None => (
            TlsFault::Other,
            "the peer closed the connection; if the port speaks plain HTTP, write http://".to_owned(),
        ),
    };
    Failure::before(FailureKind::Tls(fault), format!("TLS handshake with {host} failed: {what}"))
}

fn explain(error: &Error) -> (TlsFault, String) {
    match error {
        Error::InvalidCertificate(wrong) => certificate(wrong),
        // A plain-text answer is no TLS record.
        Error::InvalidMessage(_) => (
            TlsFault::NotTls,
            "the port does not speak TLS; if it speaks plain HTTP, write http://".to_owned(),
        ),
        Error::AlertReceived(AlertDescription::ProtocolVersion) | Error::PeerIncompatible(_) => {
            let text = "the receiver speaks no version of TLS that is safe (1.2 or 1.3)";
            (TlsFault::Version, text.to_owned())
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            (TlsFault::WrongName, "the receiver has no certificate for this name".to_owned())
        }
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            let text = "the receiver refused the handshake: it has no cipher in common, or wants a client certificate";
            (TlsFault::Other, text.to_owned())
        }
        other => (TlsFault::Other, other.to_string()),
    }
}

fn certificate(error: &CertificateError) -> (TlsFault, String) {
    match error {
        CertificateError::Expired => (TlsFault::Expired, "its certificate has expired".to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => {
            (TlsFault::Expired, format!("its certificate expired at {}", date(*not_after)))
        }
        CertificateError::NotValidYet => {
            (TlsFault::NotYetValid, "its certificate is not valid yet; is the clock right?".to_owned())
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            let text = format!("its certificate is valid from {} on; is the clock right?", date(*not_before));
            (TlsFault::NotYetValid, text)
        }
        CertificateError::UnknownIssuer => (
            TlsFault::UnknownIssuer,
            "its certificate is signed by an authority that is not known here; name the authority's certificate in [egress] ca_file, or let the receiver send its whole chain".to_owned(),
        ),
        CertificateError::NotValidForName => {
            (TlsFault::WrongName, "its certificate is for another name".to_owned())
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            (TlsFault::WrongName, format!("its certificate is for {}", names(presented)))
        }
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => (
            TlsFault::UnknownIssuer,
            "its certificate is that of an authority (CA:TRUE) and vouches for itself; let the receiver use one that an authority signed, and name that authority in [egress] ca_file".to_owned(),
        ),
        other => (TlsFault::Other, format!("its certificate is not acceptable: {other}")),
    }
}

/// Lists the names of a certificate. rustls writes them as `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| match name.split('"').nth(1) {
        Some(name) => name.to_owned(),
        None => name.clone(),
    };
    let shown: Vec<String> = presented.iter().take(MAX_NAMES).map(plain).collect();
    match (shown.is_empty(), presented.len().saturating_sub(MAX_NAMES)) {
        (true, _) => "no name at all (a common name does not count)".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn date(at: UnixTime) -> Millis {
    Millis(i64::try_from(at.as_secs()).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
}

/// The failure of a round trip on an open connection. `has_head` tells that the head of the answer has arrived.
pub(crate) fn round_trip_failure(error: &RoundTripError, sent: Sent, has_head: bool) -> Failure {
    let (kind, detail) = match error {
        RoundTripError::Io(error) => match tls_cause(error) {
            Some(tls) => (FailureKind::Tls(TlsFault::Other), format!("the TLS connection broke: {tls}")),
            None => reset(),
        },
        RoundTripError::Closed => reset(),
        RoundTripError::Malformed => (FailureKind::Malformed, "the answer is not valid HTTP/1.1".to_owned()),
        RoundTripError::Encrypted => (
            FailureKind::Tls(TlsFault::Wanted),
            "the receiver speaks TLS on this port; write https://".to_owned(),
        ),
        RoundTripError::HeadTooLarge => {
            (FailureKind::Malformed, "the head of the answer is too large".to_owned())
        }
        RoundTripError::Switched => {
            (FailureKind::Malformed, "the receiver switched protocols unasked".to_owned())
        }
        RoundTripError::TooLarge(limit) => {
            (FailureKind::TooLarge, format!("the answer is larger than {limit} bytes"))
        }
        // A request that still waits to be sent may be sent before the connection closes, so its outcome is unknown.
        RoundTripError::DeadlinePassed if has_head => {
            return Failure::after(FailureKind::Timeout, "the answer was not complete within the deadline");
        }
        RoundTripError::DeadlinePassed => {
            return Failure::after(FailureKind::Timeout, "no answer within the deadline");
        }
    };
    Failure { kind, sent, detail }
}

fn reset() -> (FailureKind, String) {
    (FailureKind::Reset, "the connection closed before the whole answer".to_owned())
}

fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
