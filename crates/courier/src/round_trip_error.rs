//! The errors between a request and the end of its answer.

use std::io;

/// Why a request on an open connection got no complete answer.
#[derive(Debug)]
pub(crate) enum RoundTripError {
    /// Reading or writing has failed.
    Io(io::Error),
    /// The connection ended too early.
    Closed,
    /// The answer is not valid HTTP/1.1.
    Malformed,
    /// The receiver speaks TLS, although the URL says plain HTTP.
    Encrypted,
    /// The head of the answer has too many lines or bytes.
    HeadTooLarge,
    /// The receiver answered `101`, although no upgrade was requested.
    Switched,
    /// The body of the answer is larger than this limit, in bytes.
    TooLarge(usize),
    /// The deadline has passed.
    DeadlinePassed,
}
