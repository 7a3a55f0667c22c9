//! Why there is no answer.

use std::net::SocketAddr;

/// Why an app's answer could not be relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// The address is not one of this machine.
    #[error("{0} is not a loopback address, and nothing is relayed anywhere else")]
    NotLocal(SocketAddr),
    /// Nothing takes connections there. Nothing was sent.
    #[error("nothing takes connections at {0}")]
    Unreachable(SocketAddr),
    /// The connection ended before the head of an answer.
    #[error("the connection was closed before an answer came")]
    Closed,
    /// What came is not HTTP/1.1, or its head is too large.
    #[error("the answer is not valid HTTP/1.1")]
    Malformed,
}

impl RelayError {
    pub(super) fn of(error: &hyper::Error) -> Self {
        if error.is_parse() || error.is_parse_too_large() { Self::Malformed } else { Self::Closed }
    }
}
