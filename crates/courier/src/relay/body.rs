//! The body of a relayed request: as it comes in, or held for more than one.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of a relayed request.
#[derive(Debug)]
pub struct RelayBody {
    held: Bytes,
    rest: Option<Incoming>,
}

impl RelayBody {
    /// All of it.
    pub fn whole(held: Bytes) -> Self {
        Self { held, rest: None }
    }

    /// What was read of it, and what is still to come.
    pub fn begun(held: Bytes, rest: Incoming) -> Self {
        Self { held, rest: Some(rest) }
    }
}

impl From<Incoming> for RelayBody {
    fn from(body: Incoming) -> Self {
        Self::begun(Bytes::new(), body)
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if !self.held.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.held)))));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.len() as u64;
        let Some(rest) = &self.rest else { return SizeHint::with_exact(held) };
        let mut hint = rest.size_hint();
        // The upper bound first: the lower one must never be above it.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint.set_lower(hint.lower().saturating_add(held));
        hint
    }
}
