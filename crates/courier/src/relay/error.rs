//! The errors of relayed requests.

use std::net::SocketAddr;

/// Why a relayed request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// The address is not a loopback address.
    #[error("{0} is not a loopback address; requests are relayed only to apps on this machine")]
    NotLocal(SocketAddr),
    /// This server lacks descriptors, memory or ports. Nothing was sent, and the app is not the cause.
    #[error("this server cannot open a connection at present: {0}")]
    Shortage(String),
    /// The app does not accept connections. Nothing was sent.
    #[error("nothing accepts connections at {0}")]
    Unreachable(SocketAddr),
    /// The connection ended before the head of the answer.
    #[error("the connection was closed before an answer came")]
    Closed,
    /// The answer is not valid HTTP/1.1, or its head is too large.
    #[error("the answer is not valid HTTP/1.1")]
    Malformed,
}

impl From<hyper::Error> for RelayError {
    fn from(error: hyper::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&hyper::Error> for RelayError {
    fn from(error: &hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() { Self::Malformed } else { Self::Closed }
    }
}
