//! Reads request bodies, limited in size and time.

use crate::media;
use crate::watch::Watch;
use bytes::{Bytes, BytesMut};
use footbridge_model::id::EventId;
use footbridge_model::provenance::{Provenance, Via};
use footbridge_model::trace_state::TraceState;
use http::HeaderMap;
use http::header::{AsHeaderName, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;

/// The most bytes of an oversized body that are read and dropped, so that its sender gets the answer instead of a reset
/// connection.
pub(crate) const DISCARD_MAX: usize = 64 * 1024 * 1024;
/// The longest time for dropping a body.
pub(crate) const DISCARD_TIME: Duration = Duration::from_secs(10);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that names the event which led to a request.
const CAUSE: HeaderName = HeaderName::from_static("footbridge-cause");
/// The headers of W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// The body ended before it was complete.
    CutOff,
}

/// Reads a body of at most `limit` bytes. A body whose `Content-Length` is larger is refused without reading.
///
/// # Errors
/// [`BodyError`]
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
    watch.body_started();
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::CutOff)?.into_data() else { continue };
        watch.body_received(data.len());
        let length = first.as_ref().map_or(whole.len(), Bytes::len) + data.len();
        if length > limit {
            discard(headers, body);
            return Err(BodyError::TooLarge(limit));
        }
        // Nearly every body arrives in one piece and is not copied.
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
    watch.body_ended();
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// Reads a body in the background and drops it.
pub(crate) fn discard(headers: &HeaderMap, body: Incoming) {
    if !is_awaited(headers) {
        discard_rest(body);
    }
}

/// Returns true if the sender waits for `100 Continue`: it has not sent the body, and is not told to.
pub(crate) fn is_awaited(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}

/// Reads the rest of a body in the background and drops it.
pub(crate) fn discard_rest(mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    tokio::task::spawn_local(tokio::time::timeout(DISCARD_TIME, async move {
        let mut left = DISCARD_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    }));
}

/// Returns true if the content type is JSON in UTF-8 and the body has no content coding.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    if media::refuse_by_headers(headers).is_some() {
        return false;
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return false };
    // The usual value needs no parsing.
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

/// Returns the value of a header; `Err` if it is given twice or is not ASCII.
pub(crate) fn single(headers: &HeaderMap, name: impl AsHeaderName) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Returns the event that `Footbridge-Cause` names.
pub(crate) fn cause(headers: &HeaderMap) -> Result<Option<EventId>, &'static str> {
    const WRONG: &str = "`Footbridge-Cause` must be the `id` of the event that you handle, such as `evt_…`, and be given once";
    let named = single(headers, CAUSE).map_err(|()| WRONG)?;
    named.map(|text| text.trim().parse().map_err(|_| WRONG)).transpose()
}

/// Returns the provenance of a request that came this way, and the state of its trace. What W3C Trace Context does not allow
/// is ignored, as it asks: a `traceparent` that is given twice, and a `tracestate` without a valid one.
pub(crate) fn provenance(via: Via, headers: &HeaderMap) -> (Provenance, Option<TraceState>) {
    let provenance = Provenance::with_header(via, single(headers, TRACEPARENT).ok().flatten());
    let state = provenance.trace.and_then(|_| trace_state(headers));
    (provenance, state)
}

fn trace_state(headers: &HeaderMap) -> Option<TraceState> {
    let values = headers.get_all(TRACESTATE).iter().map(|value| value.to_str());
    TraceState::parse(values.collect::<Result<Vec<_>, _>>().ok()?)
}

/// Returns the `Idempotency-Key`, which must have 1 to 255 visible ASCII characters.
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
