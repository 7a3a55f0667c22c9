//! Reading a request's body: never more than is allowed, never for longer than is decent.

use crate::media;
use crate::watch::Watch;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{AsHeaderName, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;

/// What is read and thrown away of a body that is too large, so that its sender gets to read the
/// answer instead of a reset connection.
const DISCARD: usize = 64 * 1024 * 1024;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is larger than this many bytes.
    TooLarge(usize),
    /// It broke off.
    CutOff,
}

/// The whole body, of at most `limit` bytes; one that says it is larger is refused before reading.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
    watch: &Watch,
) -> Result<Bytes, BodyError> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        discard(headers, body);
        return Err(BodyError::TooLarge(limit));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    watch.body_begins();
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::CutOff)?.into_data() else { continue };
        watch.body_came(data.len());
        let length = first.as_ref().map_or(whole.len(), Bytes::len) + data.len();
        if length > limit {
            discard(headers, body);
            return Err(BodyError::TooLarge(limit));
        }
        // Nearly every body comes in one piece and is never copied.
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            None => whole.extend_from_slice(&data),
            Some(begin) => {
                whole.reserve(
                    declared.map_or(length, |all| usize::try_from(all).unwrap_or(length).max(length)),
                );
                whole.extend_from_slice(&begin);
                whole.extend_from_slice(&data);
            }
        }
    }
    watch.body_ends();
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// Reads a body for nothing, behind the answer's back.
pub(crate) fn discard(headers: &HeaderMap, mut body: Incoming) {
    // A sender that waits to be told to go on has not sent it, and shall not.
    if headers.contains_key(EXPECT) || body.is_end_stream() {
        return;
    }
    tokio::task::spawn_local(tokio::time::timeout(DISCARD_TIME, async move {
        let mut left = DISCARD;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    }));
}

/// Whether the content type says JSON in UTF-8, and no encoding hides it.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    if media::other(headers).is_some() {
        return false;
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return false };
    // What nearly everyone sends, without taking it apart.
    if value == "application/json" {
        return true;
    }
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.ends_with("+json") && essence.split('/').filter(|part| !part.is_empty()).count() == 2);
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    json && utf8
}

/// The one value of a header that must not be given twice; `Err` when it is, or is not text.
pub(crate) fn single(headers: &HeaderMap, name: impl AsHeaderName) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        (Some(_), Some(_)) => Err(()),
    }
}

/// An `Idempotency-Key`: 1 to 255 visible ASCII characters.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    const WRONG: &str = "Idempotency-Key must be given once, as 1 to 255 visible ASCII characters";
    match single(headers, IDEMPOTENCY_KEY).map_err(|()| WRONG)? {
        None => Ok(None),
        Some(key) if (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok(Some(key.to_owned()))
        }
        Some(_) => Err(WRONG),
    }
}
