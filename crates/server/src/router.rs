//! The whole URL map, and what holds for every request.

use crate::admin::PeerAddr;
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use crate::state::Local;
use crate::watch::Watch;
use crate::{bolt, bridge, cors};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use footbridge_model::exchange::Direction;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;
use tower_service::Service as _;

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
    let metrics = &local.shared.metrics;
    match Route::of(request.uri().path()) {
        Route::Exchange(direction) => {
            let response = bridge::exchange(&local, direction, request, &watch).await;
            metrics.request(Surface::Bridge, response.status());
            response.map(Either::Left)
        }
        Route::Events => {
            let (preflight, asked) = (cors::is_preflight(&request), cors::Asked::of(&request));
            let response =
                if preflight { cors::preflight() } else { bolt::events(&local, request, &watch).await };
            metrics.request(Surface::Events, response.status());
            cors::allow(response, &asked).map(Either::Left)
        }
        Route::Settings(miniapp) => {
            let (preflight, asked) = (cors::is_preflight(&request), cors::Asked::of(&request));
            let response =
                if preflight { cors::preflight() } else { bridge::settings(&local, &miniapp, &request) };
            metrics.request(Surface::Bridge, response.status());
            cors::allow(response, &asked).map(Either::Left)
        }
        Route::Admin => admin(&local, request, peer).await.map(Either::Right),
    }
}

/// The surfaces, by path.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    /// The two endpoints of the bridge.
    Exchange(Direction),
    /// Everything of the Events API.
    Events,
    /// Where the page of this miniapp is.
    Settings(String),
    /// Administration, probes, and whatever there is not.
    Admin,
}

impl Route {
    fn of(path: &str) -> Self {
        let exchange =
            || path.strip_prefix("/api/v1/event-bridge/").and_then(bridge::direction).map(Self::Exchange);
        let settings =
            || path.strip_prefix("/api/v1/miniapps/").and_then(bridge::settings_of).map(Self::Settings);
        if path == "/api/events" || path.starts_with("/api/events/") {
            return Self::Events;
        }
        exchange().or_else(settings).unwrap_or(Self::Admin)
    }
}

async fn admin(
    local: &Local,
    mut request: Request<Incoming>,
    peer: SocketAddr,
) -> Response<axum::body::Body> {
    request.extensions_mut().insert(PeerAddr(peer));
    match local.admin.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What RFC 9112 demands of a request and hyper lets pass: one `Host`. Of a request with both
/// `Content-Length` and `Transfer-Encoding` hyper reads the latter and closes the connection afterwards,
/// as section 6.1 allows.
fn check(request: &Request<Incoming>) -> Result<(), &'static str> {
    let headers = request.headers();
    let count = |name| HeaderMap::get_all(headers, name).iter().count();
    match count(HOST) {
        1 => {}
        0 if request.version() == Version::HTTP_10 || request.uri().host().is_some() => {}
        0 => return Err("the request has no Host header"),
        _ => return Err("the request has more than one Host header"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surfaces_by_path() {
        for (path, route) in [
            ("/api/v1/event-bridge/hostapp", Route::Exchange(Direction::ToMiniapp)),
            ("/api/v1/event-bridge/miniapp/", Route::Exchange(Direction::ToHost)),
            ("/api/v1/event-bridge/miniapp/x", Route::Admin),
            ("/api/events", Route::Events),
            ("/api/events/camera/*", Route::Events),
            ("/api/eventsx", Route::Admin),
            ("/api/v1/miniapps/shop/settings", Route::Settings("shop".into())),
            ("/api/v1/miniapps/a%20b/settings/", Route::Settings("a b".into())),
            ("/api/v1/miniapps/shop", Route::Admin),
            ("/api/v1/apps", Route::Admin),
            ("/", Route::Admin),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
