//! The body of a relayed request or answer.

use super::pool::{RelayConnection, RelayPool};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The body of a relayed request or answer: bytes that were read already, then the rest as it arrives.
///
/// Dropping the body of an answer before its end closes the connection, which tells the app.
#[derive(Debug)]
pub struct RelayBody {
    buffered: Bytes,
    rest: Option<Incoming>,
    /// The connection of an answer; it goes back to its pool after the end of the body.
    connection: Option<PooledConnection>,
    has_ended: bool,
}

#[derive(Debug)]
struct PooledConnection {
    pool: Rc<RelayPool>,
    address: SocketAddr,
    connection: RelayConnection,
}

impl RelayBody {
    /// A complete body.
    pub fn complete(body: Bytes) -> Self {
        Self { buffered: body, rest: None, connection: None, has_ended: false }
    }

    /// A body whose beginning was read already.
    pub fn partial(beginning: Bytes, rest: Incoming) -> Self {
        Self { buffered: beginning, rest: Some(rest), connection: None, has_ended: false }
    }

    /// The body of an answer. `connection` goes back to `pool` after its end.
    pub(super) fn answer(
        body: Incoming,
        pool: &Rc<RelayPool>,
        address: SocketAddr,
        connection: RelayConnection,
    ) -> Self {
        let mut answer = Self::from(body);
        answer.connection = Some(PooledConnection { pool: Rc::clone(pool), address, connection });
        answer
    }
}

impl From<Incoming> for RelayBody {
    fn from(body: Incoming) -> Self {
        Self::partial(Bytes::new(), body)
    }
}

impl Body for RelayBody {
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

impl Drop for RelayBody {
    fn drop(&mut self) {
        let at_end = self.has_ended || self.is_end_stream();
        if let Some(PooledConnection { pool, address, connection }) = self.connection.take()
            && at_end
        {
            pool.put(address, connection);
        }
    }
}
