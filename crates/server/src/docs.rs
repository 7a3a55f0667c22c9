//! The documentation under `/docs/`.

use crate::page;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;

/// Looks a document up by what follows `/docs` in the path, and by the query.
///
/// The documents come in from outside, so that a change of a page does not build the server again.
pub type Docs = fn(path: &str, query: &str) -> Document;

/// The answer to a request for documentation.
#[derive(Debug)]
pub struct Document {
    /// 200, 404, or 308 with a `location`.
    pub status: StatusCode,
    /// The media type of `body`.
    pub media_type: &'static str,
    /// The text of the document; empty for a redirect.
    pub body: String,
    /// A tag that changes with the text; `None` when the text depends on the query.
    pub tag: Option<&'static str>,
    /// The address that the document has instead.
    pub location: Option<String>,
}

/// The pages load one style sheet and nothing else: no script, nothing from elsewhere, no frame around them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers a request for documentation.
pub(crate) fn serve(docs: Docs, head: &Parts) -> Response<Full<Bytes>> {
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let mut response =
            page::plain(StatusCode::METHOD_NOT_ALLOWED, "The documentation is read with GET.\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = head.uri.path().strip_prefix("/docs").unwrap_or_default();
    let document = docs(path, head.uri.query().unwrap_or_default());
    let tag = document.tag.filter(|_| document.status == StatusCode::OK);
    let tag = tag.and_then(|tag| HeaderValue::from_str(&format!("\"{tag}\"")).ok());
    let unchanged = tag.as_ref().is_some_and(|tag| page::is_known(&head.headers, tag));
    let body = if unchanged { String::new() } else { document.body };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = if unchanged { StatusCode::NOT_MODIFIED } else { document.status };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(document.media_type));
    // A page and its style sheet belong to one version, so both are asked for each time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    if let Some(location) = document.location.and_then(|location| HeaderValue::from_str(&location).ok()) {
        headers.insert(LOCATION, location);
    }
    response
}
