//! Cross-origin access for pages: any origin, without credentials but for Socket.IO.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, VARY,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;

/// What is allowed whether or not a page asks for it.
const ALWAYS: &str = "content-type, idempotency-key, x-bolt-app-token, x-bolt-user-name";

/// Request headers that a page asks for and may use.
pub(crate) struct Asked(HeaderValue);

impl Asked {
    /// What pages need for live events and for passing events on; a ticket is the credential there.
    pub(crate) const fn live() -> Self {
        Self(HeaderValue::from_static(
            "authorization, cache-control, content-type, idempotency-key, last-event-id, x-page-event-id",
        ))
    }

    /// Those of them that begin with `x-bolt-`, besides the usual ones.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let usual = Self(HeaderValue::from_static(ALWAYS));
        if request.method() != Method::OPTIONS {
            return usual;
        }
        let asked = request.headers().get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let mut allowed = ALWAYS.to_owned();
        for name in asked.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let name = name.trim().to_ascii_lowercase();
            if name.starts_with("x-bolt-") && !ALWAYS.split(", ").any(|known| known == name) {
                allowed.push_str(", ");
                allowed.push_str(&name);
            }
        }
        HeaderValue::from_str(&allowed).map_or(usual, Self)
    }
}

/// Whether a page asks before it sends.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a page that asks.
pub(crate) fn preflight() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Lets any page read the answer.
pub(crate) fn allow<B>(mut response: Response<B>, asked: &Asked) -> Response<B> {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.0.clone());
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after, footbridge-error"));
    response
}

/// Lets the page that asks read the answer although it asks with credentials, as clients 1.x and 2.x of Socket.IO always
/// do. They prove nothing there: no cookie counts that comes from another origin.
pub(crate) fn allow_credentials<B>(
    response: Response<B>,
    asked: &Asked,
    origin: Option<HeaderValue>,
) -> Response<B> {
    let mut response = allow(response, asked);
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}
