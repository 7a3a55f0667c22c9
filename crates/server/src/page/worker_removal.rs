//! Removes the service worker of an app that no longer exists, by answering with a script that unregisters it.
//!
//! A service worker stays in browsers after its app is gone, and goes on answering for its pages. Browsers fetch its script
//! again from time to time. A missing script changes nothing; only another script does.

use crate::stream::{self, Body};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;

const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");
/// The header that widens the scope of a service worker.
pub(crate) const SCOPE: HeaderName = HeaderName::from_static("service-worker-allowed");

const SCRIPT: &str = r"self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: 'window' })) page.navigate(page.url).catch(() => {});
})()));
";

/// Returns true if a browser asks for the script of a service worker.
pub(crate) fn is_worker_request(headers: &HeaderMap) -> bool {
    headers.get(SERVICE_WORKER).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"script"))
}

/// Answers a request for a service worker with the removal script, and any other request with `otherwise`.
pub(crate) fn or_else(headers: &HeaderMap, otherwise: impl FnOnce() -> Response<Body>) -> Response<Body> {
    if is_worker_request(headers) { response() } else { otherwise() }
}

/// Returns the removal script.
pub(crate) fn response() -> Response<Body> {
    let mut response = Response::new(stream::full(Full::new(Bytes::from_static(SCRIPT.as_bytes()))));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A worker that was registered with a wider scope is only replaced within that scope.
    headers.insert(SCOPE, HeaderValue::from_static("/"));
    response
}
