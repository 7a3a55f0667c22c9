//! Answers to signed-in users, which end with the session.

use axum::BoxError;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that completes when the user who gets an answer is no longer signed in.
pub(crate) type SignOut = Pin<Box<dyn Future<Output = ()>>>;

/// A body that breaks off when its user is no longer signed in. It ends with an error, so that nobody takes the part for the
/// whole.
pub(crate) struct UntilSignOut<B> {
    body: B,
    /// `None` if nobody is signed in, or once it has broken off.
    ended: Option<SignOut>,
}

impl<B> UntilSignOut<B> {
    /// Wraps a body; without `ended` it is unchanged.
    pub(crate) const fn new(body: B, ended: Option<SignOut>) -> Self {
        Self { body, ended }
    }
}

impl<B> HttpBody for UntilSignOut<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(ended) = &mut self.ended
            && ended.as_mut().poll(cx).is_ready()
        {
            self.ended = None;
            return Poll::Ready(Some(Err("the user is signed out".into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
