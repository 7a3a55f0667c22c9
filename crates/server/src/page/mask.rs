//! Keeps the token of an app's run out of what the app shows to its visitors.
//!
//! Pages made for Bolt carry their app's token, written into them by the app, and believe no event that does not carry
//! the same. They get the page's token in its place, here and in their events, so the two still agree.

use bytes::{Bytes, BytesMut};
use footbridge_model::secret::Secret;
use http::HeaderMap;
use http::header::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// What stands for what.
#[derive(Debug, Clone)]
pub(crate) struct Mask {
    token: Secret,
    instead: Secret,
}

impl Mask {
    /// Puts `instead` wherever `token` stands. Both have the same length, so nothing else changes; `None` if they have
    /// not.
    pub(crate) fn new(token: Secret, instead: Secret) -> Option<Self> {
        let fits = token.expose().len() == instead.expose().len() && !token.expose().is_empty();
        fits.then_some(Self { token, instead })
    }

    /// Masks what headers say.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let mut bytes = BytesMut::from(value.as_bytes());
            if self.whole(&mut bytes)
                && let Ok(masked) = HeaderValue::from_bytes(&bytes)
            {
                *value = masked;
            }
        }
    }

    /// Masks every place where the token stands; whether there was one.
    fn whole(&self, bytes: &mut [u8]) -> bool {
        let (token, instead) = (self.token.expose().as_bytes(), self.instead.expose().as_bytes());
        let (mut from, mut found) = (0, false);
        while let Some(at) = bytes.get(from..).and_then(|rest| find(rest, token)) {
            let place = from + at..from + at + token.len();
            if let Some(place) = bytes.get_mut(place) {
                place.copy_from_slice(instead);
            }
            (from, found) = (from + at + token.len(), true);
        }
        found
    }

    /// How many of the last bytes may be the beginning of the token.
    fn begun(&self, bytes: &[u8]) -> usize {
        let token = self.token.expose().as_bytes();
        let most = token.len().saturating_sub(1).min(bytes.len());
        let begins = |length: &usize| token.get(..*length).is_some_and(|begin| bytes.ends_with(begin));
        (1..=most).rev().find(begins).unwrap_or(0)
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// How long the beginning of a token waits for the rest of it: an app writes its token at once, and what looks like
/// its beginning may be the end of a message that somebody waits for.
const WAIT: Duration = Duration::from_secs(1);

/// A body in which the token is masked, wherever it is cut into pieces.
#[derive(Debug)]
pub(crate) struct Masked<B: Body> {
    body: B,
    mask: Option<Mask>,
    /// What may be the beginning of the token, until more is known.
    held: Bytes,
    /// Until when it is held.
    until: Option<Pin<Box<Sleep>>>,
    /// What came behind it.
    after: Option<Result<Frame<Bytes>, B::Error>>,
    /// Whether what was held has had the time to be written, before a failure is told.
    flushed: bool,
}

impl<B: Body> Masked<B> {
    /// The body as it is without a mask.
    pub(crate) const fn new(body: B, mask: Option<Mask>) -> Self {
        Self { body, mask, held: Bytes::new(), until: None, after: None, flushed: false }
    }

    /// What is held, once it has been held for long enough.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if self.held.is_empty() {
            return Poll::Pending;
        }
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(WAIT)));
        ready!(until.as_mut().poll(cx));
        self.until = None;
        Poll::Ready(std::mem::take(&mut self.held))
    }

    /// As much of what came as is sure.
    fn feed(&mut self, mask: &Mask, data: Bytes) -> Bytes {
        let plain = self.held.is_empty() && find(&data, mask.token.expose().as_bytes()).is_none();
        if plain {
            let mut data = data;
            self.held = data.split_off(data.len() - mask.begun(&data));
            return data;
        }
        let mut whole = BytesMut::from(&*self.held);
        whole.extend_from_slice(&data);
        mask.whole(&mut whole);
        let mut whole = whole.freeze();
        self.held = whole.split_off(whole.len() - mask.begun(&whole));
        whole
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Masked<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(mask) = self.mask.clone() else { return Pin::new(&mut self.body).poll_frame(cx) };
        if let Some(after) = self.after.take() {
            if after.is_err() && !std::mem::replace(&mut self.flushed, true) {
                // What was held is written out first: with the failure the connection ends at once.
                self.after = Some(after);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(after));
        }
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                return self.overdue(cx).map(|held| Some(Ok(Frame::data(held))));
            };
            self.until = None;
            self.after = match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => {
                    let sure = self.feed(&mask, data);
                    if sure.is_empty() {
                        continue;
                    }
                    return Poll::Ready(Some(Ok(Frame::data(sure))));
                }
                Some(Ok(Err(other))) => Some(Ok(other)),
                Some(Err(error)) => Some(Err(error)),
                None => None,
            };
            // The end, whichever it is, comes behind what is held.
            if self.held.is_empty() {
                return Poll::Ready(self.after.take());
            }
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.held)))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.after.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (held, hint) = (self.held.len() as u64, self.body.size_hint());
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower() + held);
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper + held);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use std::collections::VecDeque;
    use std::convert::Infallible;

    fn mask() -> Mask {
        Mask::new(Secret::new("fbr_abfbr_x"), Secret::new("fbp_1234567")).unwrap()
    }

    /// Gives one piece after the other.
    struct Pieces(VecDeque<Frame<Bytes>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    async fn through(pieces: &[&str]) -> String {
        let frames = pieces.iter().map(|piece| Frame::data(Bytes::copy_from_slice(piece.as_bytes())));
        let body = Masked::new(Pieces(frames.collect()), Some(mask()));
        let bytes = body.collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_token_is_masked_wherever_it_is_cut() {
        let text = "f fbr_abfbr_abfbr_x fbr_abfbr_xfbr_abfbr_x fbr_abfbr_";
        let masked = "f fbr_abfbp_1234567 fbp_1234567fbp_1234567 fbr_abfbr_";
        assert_eq!(through(&[text]).await, masked);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(through(&pieces).await, masked, "{first} {second}");
            }
        }
        let letters: Vec<&str> = (0..text.len()).map(|at| &text[at..=at]).collect();
        assert_eq!(through(&letters).await, masked);
        assert!(Mask::new(Secret::new("a"), Secret::new("bc")).is_none());
    }

    #[tokio::test]
    async fn trailers_come_behind_what_was_held() {
        let trailers = HeaderMap::from_iter([("x-a".parse().unwrap(), HeaderValue::from_static("1"))]);
        let frames =
            [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"a fbr_"))), Ok(Frame::trailers(trailers))];
        let pieces = VecDeque::from(frames.map(Result::unwrap));
        let whole = Masked::new(Pieces(pieces), Some(mask())).collect().await.unwrap();
        assert!(whole.trailers().is_some());
        assert_eq!(whole.to_bytes(), "a fbr_");
    }

    #[tokio::test]
    async fn what_only_looks_like_a_token_is_not_held_for_long() {
        let mut body = Masked::new(Silent(Some(Bytes::from_static(b"half"))), Some(mask()));
        let mut next = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(next().await, "hal");
        let begun = tokio::time::Instant::now();
        assert_eq!(next().await, "f");
        assert!(begun.elapsed() >= WAIT, "{:?}", begun.elapsed());
    }

    /// Says one thing, and then nothing for ever.
    struct Silent(Option<Bytes>);

    impl Body for Silent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.take().map_or(Poll::Pending, |said| Poll::Ready(Some(Ok(Frame::data(said)))))
        }
    }

    #[test]
    fn headers_are_masked() {
        let mut headers = HeaderMap::new();
        headers.insert("location", HeaderValue::from_static("/a?t=fbr_abfbr_x&b"));
        headers.insert("x-other", HeaderValue::from_static("fbr_"));
        mask().headers(&mut headers);
        assert_eq!(
            (&headers["location"], &headers["x-other"]),
            (&"/a?t=fbp_1234567&b".parse().unwrap(), &"fbr_".parse().unwrap())
        );
    }
}
