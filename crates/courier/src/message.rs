//! The request of an attempt, and its answer.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::roots::Roots;
use crate::target::{Grant, Target};

/// How many bytes of an answer's body are read, and what happens to a larger or incomplete one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerLimit {
    /// Only a complete answer counts. A larger or incomplete one is a failure
    /// ([`FailureKind::TooLarge`](footbridge_model::attempt::FailureKind::TooLarge) if it is larger).
    Refuse(usize),
    /// The head alone counts. The body is cut off at the limit, at a broken connection, or at the deadline, and the
    /// connection is then closed.
    Truncate(usize),
}

/// One request to send.
pub struct Outbound {
    /// The URL to send it to.
    pub target: Arc<Target>,
    /// The name of the app that it is sent for.
    pub app: Arc<str>,
    /// The hosts that the operator has opened for the app.
    pub grants: Arc<[Grant]>,
    /// Certificate authorities that are trusted for this app only.
    pub roots: Option<Arc<Roots>>,
    /// The HTTP method of the request.
    pub method: Method,
    /// The headers. Those that belong to the connection, such as `connection` and `host`, are not sent.
    pub headers: HeaderMap,
    /// The body of the request; may be empty.
    pub body: Bytes,
    /// The end of the complete attempt: name look-up, connection, TLS, request and answer.
    pub deadline: Instant,
    /// How much of the answer is read.
    pub answer: AnswerLimit,
    /// Fires once the complete request was written to the socket. Dropped if that never happens.
    pub written: Option<oneshot::Sender<()>>,
}

impl Outbound {
    /// A `POST` without grants or headers; its answer may have up to 64 KiB.
    pub fn post(target: Arc<Target>, body: Bytes, deadline: Instant) -> Self {
        Self {
            target,
            app: Arc::default(),
            grants: Arc::default(),
            roots: None,
            method: Method::POST,
            headers: HeaderMap::new(),
            body,
            deadline,
            answer: AnswerLimit::Refuse(64 * 1024),
            written: None,
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("target", &self.target)
            .field("method", &self.method)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The answer of a receiver, with any status. Redirects are not followed.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status of the answer.
    pub status: StatusCode,
    /// The headers; empty if they were not requested ([`Courier::send_for_body`](crate::Courier::send_for_body)).
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Bytes,
    /// True if `body` is only the beginning: it exceeded the limit, broke off, or had not ended at the deadline.
    pub truncated: bool,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}
