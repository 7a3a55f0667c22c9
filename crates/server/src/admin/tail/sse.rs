//! The body of a tail's answer: server-sent events.

use super::super::AdminState;
use super::queue::{Frame, NextFrame, TailQueue, gap};
use super::registry::Position;
use crate::callers;
use axum::response::Response;
use bytes::Bytes;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::permission::Permission;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http_body::{Body, Frame as HttpFrame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// After this long without a row a ping keeps the connection alive.
const PING: Duration = Duration::from_secs(15);
/// How often the rights of the caller are checked again.
const RECHECK: Duration = Duration::from_mins(1);
/// The time that a browser waits before it connects again.
const RETRY: &[u8] = b"retry: 1000\n\n";

/// The extension of an answer whose body never ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endless;

/// The next part of a body, with the source of the part after it; `None` at the end.
type NextChunk<S> = Pin<Box<dyn Future<Output = Option<(S, Bytes)>> + Send>>;

/// A body whose parts a source produces one after the other.
pub(super) struct Parted<S> {
    next: NextChunk<S>,
    produce: fn(S) -> NextChunk<S>,
}

impl<S: 'static> Body for Parted<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<HttpFrame<Bytes>, Infallible>>> {
        let Some((source, bytes)) = ready!(self.next.as_mut().poll(cx)) else {
            self.next = Box::pin(std::future::pending());
            return Poll::Ready(None);
        };
        self.next = (self.produce)(source);
        Poll::Ready(Some(Ok(HttpFrame::data(bytes))))
    }
}

/// Returns an answer that streams what a source produces.
pub(super) fn answer<S: 'static>(source: S, produce: fn(S) -> NextChunk<S>) -> Response {
    let body = Parted { next: produce(source), produce };
    let mut response = Response::new(axum::body::Body::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.extensions_mut().insert(Endless);
    response
}

/// Checks now and then whether the caller may still read a stream.
pub(super) struct Rights {
    parts: Parts,
    permission: Permission,
    checked_at: Instant,
    /// True if the caller has a session, which only its own queue can check.
    has_session: bool,
}

impl Rights {
    pub(super) fn new(mut parts: Parts, permission: Permission) -> Self {
        let has_session = parts.extensions.remove::<Arc<AdminCaller>>().is_some();
        Self { parts, permission, checked_at: Instant::now(), has_session }
    }

    /// Returns false once the caller must not read on. A session is checked when the browser connects again, which it does
    /// at once, and continues where it was.
    pub(super) async fn hold(&mut self, shared: &AdminState) -> bool {
        if self.checked_at.elapsed() < RECHECK {
            return true;
        }
        self.checked_at = Instant::now();
        if self.has_session {
            return false;
        }
        let caller = callers::identify(&shared.engine, &shared.admin_token, &self.parts).await;
        matches!(caller, Ok(Some(caller)) if caller.may(self.permission))
    }

    /// When the rights are checked next.
    pub(super) fn next_check(&self) -> Instant {
        self.checked_at + RECHECK
    }
}

/// Produces the frames of one connection.
pub(super) struct TailSource {
    pub(super) shared: Arc<AdminState>,
    pub(super) tail: u64,
    pub(super) attached: Attached,
    pub(super) rights: Rights,
    /// The bytes that are sent before anything else.
    pub(super) first: Option<Bytes>,
}

/// A connection of a queue, until dropped.
pub(super) struct Attached(pub(super) Arc<TailQueue>);

impl Drop for Attached {
    fn drop(&mut self) {
        self.0.detach(Instant::now());
    }
}

impl TailSource {
    pub(super) fn produce(self) -> NextChunk<Self> {
        Box::pin(self.next())
    }

    async fn next(mut self) -> Option<(Self, Bytes)> {
        if let Some(first) = self.first.take() {
            return Some((self, first));
        }
        let ping_at = Instant::now() + PING;
        loop {
            if !self.rights.hold(&self.shared).await {
                return None;
            }
            match self.attached.0.next() {
                NextFrame::Frame(frame) => {
                    let bytes = write(self.tail, &frame);
                    return Some((self, bytes));
                }
                NextFrame::Closed => return None,
                NextFrame::Nothing => {}
            }
            let wake_at = ping_at.min(self.rights.next_check());
            tokio::select! {
                () = self.attached.0.changed() => {}
                () = tokio::time::sleep_until(wake_at) => {
                    if Instant::now() >= ping_at {
                        return Some((self, ping()));
                    }
                }
            }
        }
    }
}

/// The beginning of a stream. `lost` is the number of rows that cannot be sent any more; `None` if it is not known.
pub(super) fn beginning(lost: Option<u64>) -> Bytes {
    let mut text = RETRY.to_vec();
    match lost {
        Some(0) => {}
        Some(count) => text.extend(event("gap", &gap(count))),
        None => text.extend(event("gap", b"{\"n\":null}")),
    }
    text.extend(ping());
    text.into()
}

fn ping() -> Bytes {
    event("ping", b"{}").into()
}

fn write(tail: u64, frame: &Frame) -> Bytes {
    let position = Position { tail, number: frame.number };
    [format!("id: {position}\n").as_bytes(), &event(frame.kind, &frame.data)].concat().into()
}

/// Writes a server-sent event. JSON has no line breaks.
pub(super) fn event(kind: &str, data: &[u8]) -> Vec<u8> {
    [b"event: ", kind.as_bytes(), b"\ndata: ", data, b"\n\n"].concat()
}
