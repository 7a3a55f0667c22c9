//! What came back: a streamed answer, or a connection that has switched protocols.

use super::pool::{Link, Pool};
use crate::stream::Stream;
use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// What came back.
#[derive(Debug)]
pub enum Relayed {
    /// An answer whose body follows.
    Answer(Response<RelayedBody>),
    /// The head of a `101`, and the connection.
    Switched(Response<()>, Switched),
}

/// A connection that no longer speaks HTTP.
#[derive(Debug)]
pub struct Switched {
    /// The connection.
    pub stream: Stream,
    /// What came of the new protocol with the head of the answer.
    pub early: Bytes,
}

/// The body of an answer. Dropping it before its end closes the connection, which tells the app.
#[derive(Debug)]
pub struct RelayedBody {
    body: Incoming,
    ended: bool,
    home: Option<(Rc<Pool>, SocketAddr, Link)>,
}

impl RelayedBody {
    pub(super) fn new(body: Incoming, pool: Rc<Pool>, to: SocketAddr, link: Link) -> Self {
        Self { body, ended: false, home: Some((pool, to, link)) }
    }
}

impl Body for RelayedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.ended = matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RelayedBody {
    fn drop(&mut self) {
        if let Some((pool, to, link)) = self.home.take()
            && (self.ended || self.body.is_end_stream())
        {
            pool.put(to, link);
        }
    }
}
