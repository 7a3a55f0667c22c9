//! Replaces the run token of an app with a page token in everything that the app serves to browsers.
//!
//! Apps made for Bolt write their token into their pages, and these pages ignore events that carry another token. They get
//! the page token instead, both here and in their events, so the two still match.

use bytes::{Bytes, BytesMut};
use footbridge_model::secret::Secret;
use http::HeaderMap;
use http::header::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// A token and its replacement.
#[derive(Debug, Clone)]
pub(crate) struct TokenMask {
    token: Secret,
    replacement: Secret,
}

impl TokenMask {
    /// Replaces `token` with `replacement`; `None` unless both have the same length. The length of the content then stays
    /// the same.
    pub(crate) fn new(token: Secret, replacement: Secret) -> Option<Self> {
        let fits = token.expose().len() == replacement.expose().len() && !token.expose().is_empty();
        fits.then_some(Self { token, replacement })
    }

    /// Masks the token in header values.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let mut bytes = BytesMut::from(value.as_bytes());
            if self.replace_all(&mut bytes)
                && let Ok(masked) = HeaderValue::from_bytes(&bytes)
            {
                *value = masked;
            }
        }
    }

    /// Masks every occurrence of the token. Returns true if there was one.
    fn replace_all(&self, bytes: &mut [u8]) -> bool {
        let (token, replacement) = (self.token.expose().as_bytes(), self.replacement.expose().as_bytes());
        let (mut from, mut found) = (0, false);
        while let Some(at) = bytes.get(from..).and_then(|rest| find(rest, token)) {
            let range = from + at..from + at + token.len();
            if let Some(found) = bytes.get_mut(range) {
                found.copy_from_slice(replacement);
            }
            (from, found) = (from + at + token.len(), true);
        }
        found
    }

    /// Returns how many of the last bytes may be the beginning of the token.
    fn partial_match(&self, bytes: &[u8]) -> usize {
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

/// How long bytes that may begin a token are held back. An app writes its token at once; anything else may be the end of a
/// message that the client waits for.
const HOLD_MAX: Duration = Duration::from_secs(1);

/// A body in which the token is masked, even where it is split over several frames.
#[derive(Debug)]
pub(crate) struct MaskedBody<B: Body> {
    body: B,
    mask: Option<TokenMask>,
    /// Bytes that may be the beginning of the token.
    held: Bytes,
    /// Until when they are held back.
    until: Option<Pin<Box<Sleep>>>,
    /// The frame or error after the held bytes.
    after: Option<Result<Frame<Bytes>, B::Error>>,
    /// True once the held bytes had time to be written before an error is returned.
    flushed: bool,
}

impl<B: Body> MaskedBody<B> {
    /// Masks a body; without a mask it is unchanged.
    pub(crate) const fn new(body: B, mask: Option<TokenMask>) -> Self {
        Self { body, mask, held: Bytes::new(), until: None, after: None, flushed: false }
    }

    /// Returns the held bytes once they were held for the longest time.
    fn overdue(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        if self.held.is_empty() {
            return Poll::Pending;
        }
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(HOLD_MAX)));
        ready!(until.as_mut().poll(cx));
        self.until = None;
        Poll::Ready(std::mem::take(&mut self.held))
    }

    /// Returns as much of the data as cannot be part of a token.
    fn feed(&mut self, mask: &TokenMask, data: Bytes) -> Bytes {
        let plain = self.held.is_empty() && find(&data, mask.token.expose().as_bytes()).is_none();
        if plain {
            let mut data = data;
            self.held = data.split_off(data.len() - mask.partial_match(&data));
            return data;
        }
        let mut joined = BytesMut::from(&*self.held);
        joined.extend_from_slice(&data);
        mask.replace_all(&mut joined);
        let mut joined = joined.freeze();
        self.held = joined.split_off(joined.len() - mask.partial_match(&joined));
        joined
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for MaskedBody<B>
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
                // The held bytes are written first: an error ends the connection at once.
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
                    let ready = self.feed(&mask, data);
                    if ready.is_empty() {
                        continue;
                    }
                    return Poll::Ready(Some(Ok(Frame::data(ready))));
                }
                Some(Ok(Err(other))) => Some(Ok(other)),
                Some(Err(error)) => Some(Err(error)),
                None => None,
            };
            // The held bytes come before trailers, an error or the end.
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
        let mut total = SizeHint::new();
        total.set_lower(hint.lower() + held);
        if let Some(upper) = hint.upper() {
            total.set_upper(upper + held);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use std::collections::VecDeque;
    use std::convert::Infallible;

    fn mask() -> TokenMask {
        TokenMask::new(Secret::new("fbr_abfbr_x"), Secret::new("fbp_1234567")).unwrap()
    }

    /// Returns one frame after the other.
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
        let body = MaskedBody::new(Pieces(frames.collect()), Some(mask()));
        let bytes = body.collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_token_is_masked_wherever_it_is_split() {
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
        assert!(TokenMask::new(Secret::new("a"), Secret::new("bc")).is_none());
    }

    #[tokio::test]
    async fn trailers_follow_the_held_bytes() {
        let trailers = HeaderMap::from_iter([("x-a".parse().unwrap(), HeaderValue::from_static("1"))]);
        let frames =
            [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"a fbr_"))), Ok(Frame::trailers(trailers))];
        let pieces = VecDeque::from(frames.map(Result::unwrap));
        let whole = MaskedBody::new(Pieces(pieces), Some(mask())).collect().await.unwrap();
        assert!(whole.trailers().is_some());
        assert_eq!(whole.to_bytes(), "a fbr_");
    }

    #[tokio::test]
    async fn bytes_that_only_look_like_a_token_are_not_held_for_long() {
        let mut body = MaskedBody::new(Silent(Some(Bytes::from_static(b"half"))), Some(mask()));
        let mut next = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(next().await, "hal");
        let begun = tokio::time::Instant::now();
        assert_eq!(next().await, "f");
        assert!(begun.elapsed() >= HOLD_MAX, "{:?}", begun.elapsed());
    }

    /// Returns one frame and then stays pending.
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
