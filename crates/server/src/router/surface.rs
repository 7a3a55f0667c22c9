//! Hands a request to the surface that its path belongs to.

use super::route::Route;
use super::visitors;
use crate::admin::Endless;
use crate::body;
use crate::edge::ClientInfo;
use crate::lent_body::LentBody;
use crate::metrics::Surface;
use crate::state::ShardState;
use crate::stream::{self, Body, Streams};
use crate::watch::{Length, Watch};
use crate::{bolt, bridge, cors, docs, live, page, proxy, public};
use footbridge_model::path::is_under;
use http::header::ORIGIN;
use http::{Request, Response};
use http_body_util::Either;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;
use tower_service::Service as _;

/// Routes a request to its surface.
pub(super) async fn surface(
    local: &Rc<ShardState>,
    mut request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let peer = SocketAddr::new(client.ip, 0);
    let metrics = &local.shared.metrics;
    let route = Route::of(request.uri().path());
    match route {
        Route::Exchange(direction) => {
            let response = bridge::exchange(local, direction, request, watch).await;
            metrics.request(Surface::Bridge, response.status());
            response.map(stream::full)
        }
        Route::Events => {
            let (preflight, asked) = (cors::is_preflight(&request), cors::AllowedHeaders::of(&request));
            let response =
                if preflight { cors::preflight() } else { bolt::events(local, request, watch).await };
            metrics.request(Surface::Events, response.status());
            cors::allow(response, &asked).map(stream::full)
        }
        Route::Miniapp(miniapp) => miniapp_route(local, miniapp, request, client).await,
        Route::Stream | Route::File(_) | Route::Socket | Route::Forward => {
            let response = page_route(local, route, request, peer, watch).await;
            metrics.request(Surface::Live, response.status());
            response
        }
        Route::Apps => {
            request.extensions_mut().insert(client);
            let response = bolt::apps(local, request, watch).await;
            metrics.request(Surface::Admin, response.status());
            response
        }
        Route::App | Route::Public | Route::Open => app_route(local, route, request, client, watch).await,
        Route::Docs => docs_route(local, request, client).await,
        Route::Admin => streamed_if_long(admin(local, request, client).await, watch),
    }
}

/// Answers a request for an app: its pages, its public files, its routers.
async fn app_route(
    local: &ShardState,
    route: Route,
    request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let peer = SocketAddr::new(client.ip, 0);
    let site = local.shared.visitors.as_ref().filter(|_| visitors::has(request.uri().path()));
    if let Some(site) = site {
        return visitors::answer(local, site, request, client).await;
    }
    let response = match route {
        Route::App => proxy::app(local, request, peer, watch).await,
        Route::Public => public::serve(local, request, watch).await,
        _ => {
            let mounted = proxy::mounted(local, request.uri(), request.headers());
            if mounted.is_empty() && !page::worker_removal::is_worker_request(request.headers()) {
                return admin(local, request, client).await.map(from_admin);
            }
            proxy::routers(local, mounted, request, peer, watch).await
        }
    };
    local.shared.metrics.request(Surface::Proxy, response.status());
    response
}

/// Answers a request for the documentation. If it is disabled, the path does not exist.
pub(super) async fn docs_route(
    local: &ShardState,
    request: Request<Incoming>,
    client: ClientInfo,
) -> Response<Body> {
    let Some(docs) = local.shared.docs else { return admin(local, request, client).await.map(from_admin) };
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    let response = docs::serve(docs, &head);
    local.shared.metrics.request(Surface::Other, response.status());
    response.map(stream::full)
}

/// Answers a request below `/api/v1/miniapps`.
async fn miniapp_route(
    local: &ShardState,
    settings: Option<String>,
    request: Request<Incoming>,
    client: ClientInfo,
) -> Response<Body> {
    let (preflight, asked) = (cors::is_preflight(&request), cors::AllowedHeaders::of(&request));
    let response = match settings {
        _ if preflight => cors::preflight().map(stream::full),
        Some(miniapp) => bridge::settings(local, &miniapp, &request).map(stream::full),
        // The administration API answers and counts unknown paths.
        None => return cors::allow(admin(local, request, client).await.map(from_admin), &asked),
    };
    local.shared.metrics.request(Surface::Bridge, response.status());
    cors::allow(response, &asked)
}

/// Answers a page: a file, live events, Socket.IO, or a forwarded event.
async fn page_route(
    local: &Rc<ShardState>,
    route: Route,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let asked = match route {
        Route::File(_) | Route::Socket => cors::AllowedHeaders::of(&request),
        _ => cors::AllowedHeaders::live(),
    };
    let under_socket = is_under(request.uri().path(), "/socket.io");
    let origin = request.headers().get(ORIGIN).filter(|_| under_socket).cloned();
    let allow = |response: Response<Body>| {
        if under_socket {
            cors::allow_credentials(response, &asked, origin.clone())
        } else {
            cors::allow(response, &asked)
        }
    };
    if cors::is_preflight(&request) {
        let (head, incoming) = request.into_parts();
        body::discard(&head.headers, incoming);
        return allow(cors::preflight().map(stream::full));
    }
    let response = match route {
        Route::Socket => live::socket(local, request, peer.ip(), watch).await,
        Route::Forward => live::forward(local, request, watch).await.map(stream::full),
        route => {
            let (head, incoming) = request.into_parts();
            body::discard(&head.headers, incoming);
            match route {
                Route::File(file) => page::serve(file, &head).map(stream::full),
                _ => live::stream(local, &head, watch),
            }
        }
    };
    allow(response)
}

/// Turns an answer of the administration API into one of the server. A stream has no deadline.
pub(super) fn streamed_if_long(
    mut response: Response<axum::body::Body>,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let extensions = response.extensions_mut();
    let endless = extensions.remove::<Endless>().map(|_| Length::Endless);
    let length = endless.or_else(|| extensions.remove::<Streams>().map(|Streams(length)| length));
    match length {
        Some(length) => response.map(|body| stream::streamed(body, (), length, watch)),
        None => response.map(from_admin),
    }
}

/// Turns an answer of the administration API into one of the server.
pub(super) fn from_admin(body: axum::body::Body) -> Body {
    Either::Right(Either::Left(body))
}

/// Answers a request to the administration API. What its handler leaves unread of the body is read and dropped.
pub(super) async fn admin(
    local: &ShardState,
    mut request: Request<Incoming>,
    client: ClientInfo,
) -> Response<axum::body::Body> {
    request.extensions_mut().insert(client);
    let (head, incoming) = request.into_parts();
    let awaited = body::is_awaited(&head.headers);
    let (lent, owner) = LentBody::new(incoming);
    let response = match local.admin.clone().call(Request::from_parts(head, lent)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(rest) = owner.take_back().filter(|_| !awaited) {
        body::discard_rest(rest);
    }
    response
}
