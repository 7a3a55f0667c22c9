//! A request body that is lent to a handler, which may leave a part of it unread.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// A lent body. When the handler drops it, it goes back to its owner.
#[derive(Debug)]
pub(crate) struct LentBody {
    body: Option<Incoming>,
    owner: Option<oneshot::Sender<Incoming>>,
}

/// The owner of a lent body.
#[derive(Debug)]
pub(crate) struct BodyOwner(oneshot::Receiver<Incoming>);

impl LentBody {
    /// Returns a body to lend, and its owner.
    pub(crate) fn new(body: Incoming) -> (Self, BodyOwner) {
        let (owner, back) = oneshot::channel();
        (Self { body: Some(body), owner: Some(owner) }, BodyOwner(back))
    }
}

impl BodyOwner {
    /// Returns the body, of which a part may be unread, if the handler has dropped it.
    pub(crate) fn take_back(mut self) -> Option<Incoming> {
        self.0.try_recv().ok()
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        if let (Some(body), Some(owner)) = (self.body.take(), self.owner.take()) {
            // An owner that has gone does not want it.
            let _ = owner.send(body);
        }
    }
}

impl Body for LentBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}
