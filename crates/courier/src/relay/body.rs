//! The body of a relayed request or answer.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Notified when a body is dropped.
pub trait BodyGuard: Unpin {
    /// Handles the end of a body; `at_end` is true if all of it was read.
    fn dropped(&mut self, at_end: bool);
}

impl BodyGuard for () {
    fn dropped(&mut self, _: bool) {}
}

/// The body of a relayed request or answer: bytes that were read already, then the rest as it arrives.
///
/// `G` is notified when the body is dropped. The guard of an answer returns the connection to its pool after the end of
/// the body; before the end it closes the connection, which tells the app.
#[derive(Debug)]
pub struct RelayBody<G: BodyGuard = ()> {
    buffered: Bytes,
    rest: Option<Incoming>,
    guard: G,
    has_ended: bool,
}

impl RelayBody {
    /// Creates a body that was read completely.
    pub fn complete(body: Bytes) -> Self {
        Self { buffered: body, rest: None, guard: (), has_ended: false }
    }

    /// A body whose beginning was read already.
    pub fn partial(beginning: Bytes, rest: Incoming) -> Self {
        Self { buffered: beginning, rest: Some(rest), guard: (), has_ended: false }
    }
}

impl<G: BodyGuard> RelayBody<G> {
    /// Creates a body that notifies `guard` when it is dropped.
    pub(super) fn guarded(body: Incoming, guard: G) -> Self {
        Self { buffered: Bytes::new(), rest: Some(body), guard, has_ended: false }
    }
}

impl From<Incoming> for RelayBody {
    fn from(body: Incoming) -> Self {
        Self::partial(Bytes::new(), body)
    }
}

impl<G: BodyGuard> Body for RelayBody<G> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if !self.buffered.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.buffered)))));
        }
        let polled = match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        };
        self.has_ended = matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.buffered.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let buffered = self.buffered.len() as u64;
        let Some(rest) = &self.rest else { return SizeHint::with_exact(buffered) };
        let mut hint = rest.size_hint();
        // The upper bound first, because the lower one must never exceed it.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(buffered));
        }
        hint.set_lower(hint.lower().saturating_add(buffered));
        hint
    }
}

impl<G: BodyGuard> Drop for RelayBody<G> {
    fn drop(&mut self) {
        let at_end = self.has_ended || self.is_end_stream();
        self.guard.dropped(at_end);
    }
}
