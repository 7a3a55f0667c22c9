//! The body of a tail's answer: server-sent events. The check of permissions ends it when the caller's rights end.

use super::queue::{Frame, NextFrame, TailQueue, gap};
use super::registry::Position;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http_body::{Body, Frame as HttpFrame};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// After this long without a row a ping keeps the connection alive.
const PING: Duration = Duration::from_secs(15);
/// The time that a browser waits before it connects again.
const RETRY: &[u8] = b"retry: 1000\n\n";

/// The extension of an answer whose body never ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endless;

/// The next part of a body, with the source of the part after it; `None` at the end.
pub(super) type NextChunk<S> = Pin<Box<dyn Future<Output = Option<(S, Bytes)>> + Send>>;

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

/// Produces the frames of one connection.
pub(super) struct TailSource {
    pub(super) tail: u64,
    pub(super) attached: Attached,
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
            match self.attached.0.next() {
                NextFrame::Frame(frame) => {
                    let bytes = write(self.tail, &frame);
                    return Some((self, bytes));
                }
                NextFrame::Closed => return None,
                NextFrame::Nothing => {}
            }
            tokio::select! {
                () = self.attached.0.changed() => {}
                () = tokio::time::sleep_until(ping_at) => return Some((self, ping())),
            }
        }
    }
}

/// The beginning of a stream, with its position: a client that is cut off before the first row misses none either. `lost` is
/// the number of rows that cannot be sent any more; `None` if it is not known.
pub(super) fn beginning(lost: Option<u64>, at: Position) -> Bytes {
    let mut text = RETRY.to_vec();
    match lost {
        Some(0) => {}
        Some(count) => text.extend(event("gap", &gap(count))),
        None => text.extend(event("gap", b"{\"n\":null}")),
    }
    text.extend(format!("id: {at}\n").as_bytes());
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
