//! The answer to a relayed request.

use super::body::RelayBody;
use super::pool::AnswerGuard;
use crate::stream::Stream;
use bytes::Bytes;
use http::Response;

/// The answer to a relayed request.
#[derive(Debug)]
pub enum Relayed {
    /// An answer, whose body is streamed.
    Answer(Response<RelayBody<AnswerGuard>>),
    /// The head of a `101` answer, and the connection that has switched protocols.
    Switched(Response<()>, Switched),
}

/// A connection that has switched from HTTP to another protocol.
#[derive(Debug)]
pub struct Switched {
    /// The connection to the app.
    pub stream: Stream,
    /// Bytes of the new protocol that arrived together with the head of the answer.
    pub early: Bytes,
}
