//! Recognises bodies that are not JSON, so that the error can name what was sent.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// Prefix of the media types of `CloudEvents`, single and in batches.
const CLOUD_EVENTS: &str = "application/cloudevents";
pub(crate) const CLOUD_EVENT: &str = "CloudEvents are not accepted here: send the event's `data` as JSON, in the member that this endpoint has for it";

/// Returns an error text if the headers show that a body is not JSON.
pub(crate) fn refuse_by_headers(headers: &HeaderMap) -> Option<String> {
    if let Some(coding) = coding(headers) {
        return Some(format!(
            "the body is encoded (`Content-Encoding: {coding}`); send it without an encoding"
        ));
    }
    let essence = essence(headers);
    let parts = essence.starts_with("multipart/");
    parts.then(|| {
        format!("the body is `{essence}`; send one JSON object, without parts, as `Content-Type: application/json`")
    })
}

/// Returns true if the headers say that the body has the attributes of an event around its data.
pub(crate) fn is_structured_cloud_event(headers: &HeaderMap) -> bool {
    essence(headers).starts_with(CLOUD_EVENTS)
}

/// Returns true if the headers are the attributes of an event whose data is the body.
pub(crate) fn is_binary_cloud_event(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// Guesses from the headers and the first bytes what a body is that could not be parsed as JSON.
pub(crate) fn guess(headers: &HeaderMap, bytes: &[u8]) -> Option<&'static str> {
    let essence = essence(headers);
    let has = |part: &str| essence.contains(part);
    let begin = bytes.trim_ascii_start();
    let form = begin.first().is_some_and(u8::is_ascii_alphanumeric)
        && begin
            .iter()
            .position(|byte| !byte.is_ascii_graphic() || *byte == b'=')
            .and_then(|at| begin.get(at))
            == Some(&b'=');
    let what = if begin.starts_with(b"\x1f\x8b") || has("gzip") {
        "gzip; send it uncompressed"
    } else if begin.starts_with(b"--")
        && begin.windows(20).any(|part| part.eq_ignore_ascii_case(b"content-disposition:"))
    {
        "multipart form data; send one JSON object"
    } else if begin.first() == Some(&b'<') || has("xml") || has("html") {
        "XML or HTML; send JSON"
    } else if has("protobuf") || has("grpc") || has("msgpack") || has("cbor") || has("avro") {
        "a binary format; send JSON"
    } else if has("yaml") {
        "YAML; send JSON"
    } else if begin.first() == Some(&b'\'') || begin.starts_with(b"{'") {
        "in single quotes; JSON has double quotes"
    } else if form {
        "a form (name=value); send a JSON object"
    } else {
        return None;
    };
    Some(what)
}

/// Returns the error text for a content type that is not JSON.
pub(crate) fn not_json(headers: &HeaderMap) -> String {
    if let Some(why) = refuse_by_headers(headers) {
        return why;
    }
    let essence = essence(headers);
    let ask = "send `Content-Type: application/json` in UTF-8";
    match essence.as_str() {
        "" => format!("the request has no `Content-Type`; {ask}"),
        "application/x-www-form-urlencoded" => {
            format!("`Content-Type: {essence}` is the type of a form (the default of curl); {ask}")
        }
        _ => format!("`Content-Type: {essence}` is not JSON in UTF-8; {ask}"),
    }
}

/// Returns the content coding if there is one other than `identity`.
fn coding(headers: &HeaderMap) -> Option<String> {
    let coding = headers.get(CONTENT_ENCODING)?.to_str().unwrap_or("?");
    let hides = !coding.trim().is_empty() && !coding.trim().eq_ignore_ascii_case("identity");
    hides.then(|| footbridge_model::words::shown(coding))
}

/// Returns the content type without its parameters, in lower case.
fn essence(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    footbridge_model::words::shown(value.split(';').next().unwrap_or_default().trim()).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_body_that_cannot_be_json_is_named() {
        for (name, value, word) in [
            ("content-encoding", "gzip", "gzip"),
            ("content-encoding", "br", "br"),
            ("content-type", "Multipart/Form-Data; boundary=x", "multipart/form-data"),
        ] {
            let refusal = refuse_by_headers(&headers(&[(name, value)])).unwrap();
            assert!(refusal.contains(word), "{refusal}");
        }
        for (name, value) in [
            ("content-encoding", "identity"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-type", "text/plain"),
            ("content-type", "application/json"),
            ("content-type", "application/vnd.api+json"),
            ("content-type", "application/cloudevents+json; charset=utf-8"),
        ] {
            assert_eq!(refuse_by_headers(&headers(&[(name, value)])), None, "{value}");
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_guessed() {
        for (body, word) in [
            (&b"body=1&x=2"[..], "form"),
            (b"\x1f\x8b\x08\x00", "gzip"),
            (b"<event/>", "XML"),
            (b"{'body': 1}", "single quotes"),
            (b"--x\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\n1", "multipart"),
        ] {
            assert!(guess(&HeaderMap::new(), body).unwrap().contains(word), "{word}");
        }
        let typed = |value| headers(&[("content-type", value)]);
        assert!(guess(&typed("application/protobuf"), b"\x08\x01").unwrap().contains("binary"));
        assert!(guess(&typed("application/yaml"), b"body:\n  x: 1").unwrap().contains("YAML"));
        assert_eq!(guess(&HeaderMap::new(), b"{\"body\":"), None);
        assert_eq!(guess(&HeaderMap::new(), b""), None);
    }
}
