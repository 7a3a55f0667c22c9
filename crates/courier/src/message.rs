//! What goes into an attempt and what comes out of it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::roots::Roots;
use crate::target::{Grant, Target};

/// How much of an answer's body is wanted, in bytes, and what becomes of one that is larger or never complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerLimit {
    /// Only a whole answer counts: a larger one is a failure ([`FailureKind::TooLarge`](footbridge_model::attempt::FailureKind::TooLarge)), and so is one that breaks off.
    Refuse(usize),
    /// The head is what counts, whatever becomes of the body: what lies beyond the limit, a broken connection or the
    /// deadline is not read, and the connection is given up.
    Truncate(usize),
}

/// One request to make.
pub struct Outbound {
    pub target: Arc<Target>,
    /// The app this is sent for.
    pub app: Arc<str>,
    /// What the operator opened for it.
    pub grants: Arc<[Grant]>,
    /// Authorities that are trusted for it, besides those that are trusted for all.
    pub roots: Option<Arc<Roots>>,
    pub method: Method,
    /// Legal headers; those that belong to the connection are taken out.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// When the whole attempt must be over: name, connection, TLS, request, answer.
    pub deadline: Instant,
    pub answer: AnswerLimit,
    /// Fired when the request, body included, has been written whole to the socket. Dropped unfired when it never is.
    pub written: Option<oneshot::Sender<()>>,
}

impl Outbound {
    /// A `POST` without grants or headers that takes no answer larger than 64 KiB.
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

/// What the receiver answered, whatever the status; redirects are not followed.
#[derive(Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// `body` is only its beginning: it went on beyond the limit, broke off, or had not ended by the deadline.
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
