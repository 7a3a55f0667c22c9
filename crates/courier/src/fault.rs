//! What can go wrong between a request and the end of its answer.

use std::io;

/// Why there is no whole answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection broke.
    Io(io::Error),
    /// The connection ended too early.
    Closed,
    /// Not HTTP/1.1 as we take it.
    Malformed,
    /// TLS where plain HTTP was spoken.
    Encrypted,
    /// A head with too many lines or bytes.
    HeadTooLarge,
    /// `101`, which nobody asked for.
    Switched,
    /// A body of more than so many bytes.
    TooLarge(usize),
    /// The deadline came first.
    Late,
}
