//! What the service worker of an app gets when there is no such app any more: a script that takes itself away.
//!
//! A worker outlives its app in the browsers that have it, and goes on answering for its pages. Browsers ask for its script
//! again now and then, and a script that is missing changes nothing: only another one does.

use crate::stream::{self, Body};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;

const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");
/// How far the scope of a worker may reach.
pub(crate) const SCOPE: HeaderName = HeaderName::from_static("service-worker-allowed");

const SCRIPT: &str = r"self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: 'window' })) page.navigate(page.url).catch(() => {});
})()));
";

/// Whether a browser asks for the script of a service worker.
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    headers.get(SERVICE_WORKER).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"script"))
}

/// The farewell to a service worker, or else what everybody else is told.
pub(crate) fn instead(headers: &HeaderMap, otherwise: impl FnOnce() -> Response<Body>) -> Response<Body> {
    if is_asked(headers) { response() } else { otherwise() }
}

/// The farewell.
pub(crate) fn response() -> Response<Body> {
    let mut response = Response::new(stream::whole(Full::new(Bytes::from_static(SCRIPT.as_bytes()))));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A worker that once got a wider scope than it would today is replaced only within that scope.
    headers.insert(SCOPE, HeaderValue::from_static("/"));
    response
}
