//! Bodies of answers, complete or streamed.

use crate::watch::{Length, Watch};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{Either, Full};
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// The body of an answer: complete, from the administration API, or a stream.
pub(crate) type Body = Either<Full<Bytes>, Either<axum::body::Body, Boxed>>;

/// Marks an answer of the administration API as a stream, in its extensions: its connection has no deadline until it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streams(pub(crate) Length);

type BoxError = Box<dyn Error + Send + Sync>;

/// A stream that stays on the thread of its connection.
pub(crate) type Boxed = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError>>>;

/// A body of any duration. Its connection has no deadline until it ends, and is closed when the client closes its side.
struct Streamed<B, K> {
    body: B,
    watch: Rc<Watch>,
    _keep: K,
}

/// Returns a stream as the body of an answer. `keep` is dropped when the stream ends.
pub(crate) fn streamed<B, K>(body: B, keep: K, length: Length, watch: &Rc<Watch>) -> Body
where
    B: HttpBody<Data = Bytes> + Unpin + 'static,
    B::Error: Into<BoxError>,
    K: Unpin + 'static,
{
    watch.stream_started(length);
    Either::Right(Either::Right(Box::pin(Streamed { body, watch: Rc::clone(watch), _keep: keep })))
}

/// Returns complete bytes as the body of an answer.
pub(crate) fn full(bytes: Full<Bytes>) -> Body {
    Either::Left(bytes)
}

impl<B, K> HttpBody for Streamed<B, K>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
    K: Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B, K> Drop for Streamed<B, K> {
    fn drop(&mut self) {
        self.watch.stream_ended();
    }
}

/// The future of the next part of a stream, with the source that produces the part after it; `None` at the end.
pub(crate) type NextPart<S> = Pin<Box<dyn Future<Output = Option<(S, Bytes)>>>>;

/// A body whose parts a source produces one after the other, each when the client is ready for it.
pub(crate) struct PartsBody<S> {
    next: NextPart<S>,
    produce: fn(S) -> NextPart<S>,
}

impl<S> PartsBody<S> {
    /// Creates the body. `produce` returns the next part of a source.
    pub(crate) fn new(source: S, produce: fn(S) -> NextPart<S>) -> Self {
        Self { next: produce(source), produce }
    }
}

impl<S> HttpBody for PartsBody<S>
where
    S: 'static,
{
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some((source, bytes)) = ready!(self.next.as_mut().poll(cx)) else {
            self.next = Box::pin(std::future::pending());
            return Poll::Ready(None);
        };
        self.next = (self.produce)(source);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
