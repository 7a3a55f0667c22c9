//! The whole URL map, and what holds for every request.

use crate::admin::PeerAddr;
use crate::bridge::BridgeOptions;
use crate::bolt::BoltOptions;
use crate::listen::Watch;
use crate::metrics::{Metrics, Surface};
use crate::problem::{Problem, ProblemCode};
use crate::{bolt, bridge, cors};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use footbridge_engine::{Courier, Engine};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tower_service::Service as _;

/// What every shard shares.
pub struct Shared {
    /// The engine.
    pub engine: Engine,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Administration, health and metrics.
    pub admin: axum::Router,
    /// The surface of Boxo.
    pub bridge: BridgeOptions,
    /// The surface of Bolt.
    pub bolt: BoltOptions,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What one shard has for itself.
pub(crate) struct Local {
    pub(crate) shared: Arc<Shared>,
    pub(crate) courier: Rc<Courier>,
    pub(crate) admin: axum::Router,
}

/// The body of an answer.
pub(crate) type Body = Either<Full<Bytes>, axum::body::Body>;

/// Answers one request.
pub(crate) async fn answer(
    local: Rc<Local>,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: Rc<Watch>,
) -> Response<Body> {
    if let Err(why) = check(&request) {
        let mut response = Problem::new(ProblemCode::BadRequest, why).into_response();
        // What follows on this connection cannot be told from the request's own body.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return response.map(Either::Right);
    }
    let path = request.uri().path();
    if let Some(tail) = path.strip_prefix("/api/v1/event-bridge/") {
        if let Some(direction) = bridge::direction(tail) {
            let response = bridge::exchange(&local, direction, request, &watch).await;
            local.shared.metrics.request(Surface::Bridge, response.status());
            return response.map(Either::Left);
        }
    } else if path == "/api/events" || path.starts_with("/api/events/") {
        let (preflight, asked) = (cors::is_preflight(&request), cors::Asked::of(&request));
        let response = if preflight { cors::preflight() } else { bolt::events(&local, request, &watch).await };
        local.shared.metrics.request(Surface::Events, response.status());
        return cors::allow(response, &asked).map(Either::Left);
    } else if let Some(tail) = path.strip_prefix("/api/v1/miniapps/") {
        if let Some(miniapp) = bridge::settings_of(tail) {
            let asked = cors::Asked::of(&request);
            let answered = match *request.method() {
                Method::OPTIONS => cors::preflight(),
                _ => bridge::settings(&local, &miniapp, &request),
            };
            return cors::allow(answered, &asked).map(Either::Left);
        }
    }
    admin(&local, request, peer).await.map(Either::Right)
}

async fn admin(local: &Local, mut request: Request<Incoming>, peer: SocketAddr) -> Response<axum::body::Body> {
    request.extensions_mut().insert(PeerAddr(peer));
    match local.admin.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What RFC 9112 demands of a request and hyper lets pass: one `Host`, one way to tell its length.
fn check(request: &Request<Incoming>) -> Result<(), &'static str> {
    let headers = request.headers();
    let count = |name| HeaderMap::get_all(headers, name).iter().count();
    match count(HOST) {
        1 => {}
        0 if request.version() == Version::HTTP_10 || request.uri().host().is_some() => {}
        0 => return Err("the request has no Host header"),
        _ => return Err("the request has more than one Host header"),
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err("the request has both Content-Length and Transfer-Encoding");
    }
    Ok(())
}
