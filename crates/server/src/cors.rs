//! Cross-origin access for pages: any origin, without credentials except for Socket.IO.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, VARY,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;

/// Request headers that are always allowed.
const ALLOWED: &str = "content-type, idempotency-key, x-bolt-app-token, x-bolt-user-name";

/// The request headers that a page may send.
pub(crate) struct AllowedHeaders(HeaderValue);

impl AllowedHeaders {
    /// The headers of live events and forwarding, where a ticket is the credential.
    pub(crate) const fn live() -> Self {
        Self(HeaderValue::from_static(
            "authorization, cache-control, content-type, idempotency-key, last-event-id, x-page-event-id",
        ))
    }

    /// The headers of [`ALLOWED`], and those with the prefix `x-bolt-` that the preflight asks for.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let usual = Self(HeaderValue::from_static(ALLOWED));
        if request.method() != Method::OPTIONS {
            return usual;
        }
        let asked = request.headers().get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let mut allowed = ALLOWED.to_owned();
        for name in asked.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let name = name.trim().to_ascii_lowercase();
            if name.starts_with("x-bolt-") && !ALLOWED.split(", ").any(|known| known == name) {
                allowed.push_str(", ");
                allowed.push_str(&name);
            }
        }
        HeaderValue::from_str(&allowed).map_or(usual, Self)
    }
}

/// Returns true if the request is a CORS preflight.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Returns the answer to a preflight.
pub(crate) fn preflight() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Lets any page read the answer.
pub(crate) fn allow<B>(mut response: Response<B>, allowed: &AllowedHeaders) -> Response<B> {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed.0.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after, footbridge-error"));
    response
}

/// Lets a page read the answer to a request with credentials, which Socket.IO clients 1.x and 2.x always send. The
/// credentials have no effect: the page cookie is ignored for other origins.
pub(crate) fn allow_credentials<B>(
    response: Response<B>,
    allowed: &AllowedHeaders,
    origin: Option<HeaderValue>,
) -> Response<B> {
    let mut response = allow(response, allowed);
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}
