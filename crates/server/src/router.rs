//! The whole URL map, and what holds for every request.

use crate::body;
use crate::credential::WrongCredential;
use crate::edge::{Admission, Presented, Visitor};
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use crate::state::Local;
use crate::stream::{self, Body};
use crate::watch::Watch;
use crate::{bolt, bridge, cors, docs, live, page, proxy, public};
use axum::response::IntoResponse as _;
use footbridge_model::exchange::Direction;
use footbridge_model::path::{OURS, is_under};
use http::header::{AUTHORIZATION, CONNECTION, HeaderValue, ORIGIN, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Either;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::time::Instant;
use tower_service::Service as _;

/// Where an app proves itself.
const APP_TOKEN: &str = "x-bolt-app-token";

/// Answers one request, and lets the log say when its credential was refused.
pub(crate) async fn answer(
    local: Rc<Local>,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: Rc<Watch>,
) -> Response<Body> {
    let visitor = match admit(&local, &request, peer, &watch) {
        Ok(visitor) => visitor,
        Err(problem) => return refuse(problem, None),
    };
    let surface = Route::of(request.uri().path()).asks_for_credentials();
    let given = request.headers().contains_key(AUTHORIZATION) || request.headers().contains_key(APP_TOKEN);
    let response = throttled(&local, request, visitor, &watch).await;
    if let Some(surface) = surface.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        local.shared.metrics.refusals().note(visitor.ip, surface.as_str(), given);
    }
    response
}

/// Answers one request, unless too many wrong credentials came from its visitor's address.
async fn throttled(
    local: &Rc<Local>,
    request: Request<Incoming>,
    visitor: Visitor,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let throttle = &local.shared.edge.throttle;
    let asks = Route::of(request.uri().path()).asks(request.method(), request.uri().path());
    let presented = asks.and_then(|_| throttle.presented(visitor.ip, request.headers(), request.uri()));
    let Some(mut presented) = presented else { return surface(local, request, visitor, watch).await };
    match throttle.admit(&mut presented, Instant::now()) {
        Admission::Now => {}
        Admission::After(wait) => tokio::time::sleep(wait).await,
        Admission::Refused(wait) => {
            let why =
                "too many wrong credentials came from this address; one that was right before still counts";
            return refuse(Problem::new(ProblemCode::TooManyAttempts, why), Some(wait.as_secs()));
        }
    }
    let response = surface(local, request, visitor, watch).await;
    note(local, asks, &presented, &response);
    response
}

/// Who sends the request, if it may be answered at all.
fn admit(
    local: &Local,
    request: &Request<Incoming>,
    peer: SocketAddr,
    watch: &Watch,
) -> Result<Visitor, Problem> {
    if watch.is_flawed() {
        let why = "a line of the request's head ends in a line feed without a carriage return before it";
        return Err(Problem::new(ProblemCode::BadRequest, why));
    }
    let visitor = local.shared.edge.visitor(request, peer)?;
    if watch.is_restricted() && !Route::of(request.uri().path()).is_for_operators() {
        let why = "the server has as many connections as it may ([server] connections); try again later";
        return Err(Problem::new(ProblemCode::Unavailable, why));
    }
    Ok(visitor)
}

/// Tells why, and ends the connection: what follows on it cannot be told from the request's own body, or is not to
/// be read.
fn refuse(problem: Problem, retry_after: Option<u64>) -> Response<Body> {
    let mut response = problem.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response.map(from_admin)
}

/// Notes whether the credential was right, if the answer says so.
fn note(local: &Local, asks: Option<Asks>, presented: &Presented, response: &Response<Body>) {
    let wrong = response.status() == StatusCode::UNAUTHORIZED
        || response.extensions().get::<WrongCredential>().is_some();
    let throttle = &local.shared.edge.throttle;
    if wrong {
        throttle.wrong(presented, Instant::now());
    } else if asks == Some(Asks::First) || asks == Some(Asks::BeforeSuccess) && response.status().is_success()
    {
        throttle.right(presented);
    }
}

/// Answers one request of a visitor's.
async fn surface(
    local: &Rc<Local>,
    request: Request<Incoming>,
    visitor: Visitor,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let peer = SocketAddr::new(visitor.ip, 0);
    let metrics = &local.shared.metrics;
    let route = Route::of(request.uri().path());
    match route {
        Route::Exchange(direction) => {
            let response = bridge::exchange(local, direction, request, watch).await;
            metrics.request(Surface::Bridge, response.status());
            response.map(stream::whole)
        }
        Route::Events => {
            let (preflight, asked) = (cors::is_preflight(&request), cors::Asked::of(&request));
            let response =
                if preflight { cors::preflight() } else { bolt::events(local, request, watch).await };
            metrics.request(Surface::Events, response.status());
            cors::allow(response, &asked).map(stream::whole)
        }
        Route::Miniapp(miniapp) => miniapp_route(local, miniapp, request, visitor).await,
        Route::Stream | Route::File(_) | Route::Socket | Route::Forward => {
            let response = page_route(local, route, request, peer, watch).await;
            metrics.request(Surface::Live, response.status());
            response
        }
        Route::Apps => {
            let response = bolt::apps(local, request, watch).await;
            metrics.request(Surface::Admin, response.status());
            response
        }
        Route::App | Route::Public | Route::Open => app_route(local, route, request, visitor, watch).await,
        Route::Docs => docs_route(local, request, visitor).await,
        Route::Admin => admin(local, request, visitor).await.map(from_admin),
    }
}

/// Answers what leads to an app: its pages, its public files, the routers that it mounts.
async fn app_route(
    local: &Local,
    route: Route,
    request: Request<Incoming>,
    visitor: Visitor,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let peer = SocketAddr::new(visitor.ip, 0);
    let response = match route {
        Route::App => proxy::app(local, request, peer, watch).await,
        Route::Public => public::serve(local, request, watch).await,
        _ => {
            let mounted = local.shared.engine.routers_at(request.uri().path());
            if mounted.is_empty() && !page::farewell::is_asked(request.headers()) {
                return admin(local, request, visitor).await.map(from_admin);
            }
            proxy::routers(local, mounted, request, peer, watch).await
        }
    };
    local.shared.metrics.request(Surface::Proxy, response.status());
    response
}

/// Answers with documentation; where it is switched off, as for any address that does not exist.
async fn docs_route(local: &Local, request: Request<Incoming>, visitor: Visitor) -> Response<Body> {
    let Some(docs) = local.shared.docs else { return admin(local, request, visitor).await.map(from_admin) };
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    let response = docs::serve(docs, &head);
    local.shared.metrics.request(Surface::Other, response.status());
    response.map(stream::whole)
}

/// Answers a page that asks about a miniapp.
async fn miniapp_route(
    local: &Local,
    settings: Option<String>,
    request: Request<Incoming>,
    visitor: Visitor,
) -> Response<Body> {
    let (preflight, asked) = (cors::is_preflight(&request), cors::Asked::of(&request));
    let response = match settings {
        _ if preflight => cors::preflight().map(stream::whole),
        Some(miniapp) => bridge::settings(local, &miniapp, &request).map(stream::whole),
        // What there is not is told by whoever tells it elsewhere, and counted there.
        None => return cors::allow(admin(local, request, visitor).await.map(from_admin), &asked),
    };
    local.shared.metrics.request(Surface::Bridge, response.status());
    cors::allow(response, &asked)
}

/// Answers a page: a file, its live events, a custom event that it passes on.
async fn page_route(
    local: &Rc<Local>,
    route: Route,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let asked = match route {
        Route::File(_) | Route::Socket => cors::Asked::of(&request),
        _ => cors::Asked::live(),
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
        return allow(cors::preflight().map(stream::whole));
    }
    let response = match route {
        Route::Socket => live::socket(local, request, peer.ip(), watch).await,
        Route::Forward => live::forward(local, request, watch).await.map(stream::whole),
        route => {
            let (head, incoming) = request.into_parts();
            body::discard(&head.headers, incoming);
            match route {
                Route::File(file) => page::serve(file, &head).map(stream::whole),
                _ => live::stream(local, &head, watch),
            }
        }
    };
    allow(response)
}

/// The surfaces, by path.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    /// The two endpoints of the bridge.
    Exchange(Direction),
    /// Everything of the Events API.
    Events,
    /// Where the page of this miniapp is, or whatever else of miniapps there is not: pages may read either.
    Miniapp(Option<String>),
    /// Live events.
    Stream,
    /// A file that is part of the program, if there is one.
    File(Option<&'static page::File>),
    /// Socket.IO.
    Socket,
    /// Custom events that pages pass on.
    Forward,
    /// The API of installed apps.
    Apps,
    /// A page or a call of an installed app.
    App,
    /// A file that an installed app lets everybody read.
    Public,
    /// The documentation.
    Docs,
    /// Administration, probes, and whatever of ours there is not.
    Admin,
    /// What is not ours: a router of an app's may have it.
    Open,
}

impl Route {
    /// Whose credentials are asked for here; what an app answers is not ours.
    const fn asks_for_credentials(&self) -> Option<Surface> {
        match self {
            Self::Exchange(_) => Some(Surface::Bridge),
            Self::Events => Some(Surface::Events),
            Self::Miniapp(_) | Self::Admin | Self::Apps => Some(Surface::Admin),
            Self::Stream | Self::Socket | Self::Forward => Some(Surface::Live),
            Self::File(_) | Self::Public | Self::App | Self::Docs | Self::Open => None,
        }
    }

    fn of(path: &str) -> Self {
        let exchange =
            || path.strip_prefix("/api/v1/event-bridge/").and_then(bridge::direction).map(Self::Exchange);
        if is_under(path, "/api/events") {
            return Self::Events;
        }
        match path {
            "/api/v1/events/stream" => return Self::Stream,
            "/api/v1/forward" => return Self::Forward,
            _ => {}
        }
        if let Some(route) = exchange() {
            return route;
        }
        if is_under(path, "/api/v1/miniapps") {
            let tail = path.strip_prefix("/api/v1/miniapps/");
            return Self::Miniapp(tail.and_then(bridge::settings_of));
        }
        match OURS.into_iter().find(|root| is_under(path, root)) {
            Some("/api/apps") => Self::Apps,
            Some("/x") => Self::App,
            Some("/docs") => Self::Docs,
            Some("/sdk") => Self::File(page::find(path)),
            Some("/public") => match page::find(path) {
                None if !is_under(path, "/public/bolt") => Self::Public,
                file => Self::File(file),
            },
            Some("/socket.io") => page::find(path).map_or(Self::Socket, |file| Self::File(Some(file))),
            Some(_) => Self::Admin,
            None => Self::Open,
        }
    }
}

/// When a request is asked for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Before anything else: whatever is answered but 401, it was right.
    First,
    /// Before it succeeds.
    BeforeSuccess,
    /// A wrong one is noticed, a right one cannot be told from none.
    Perhaps,
}

impl Route {
    fn asks(&self, method: &Method, path: &str) -> Option<Asks> {
        match self {
            Self::Exchange(_) if *method == Method::POST => Some(Asks::First),
            Self::Events if matches!(*method, Method::POST | Method::DELETE) && is_event(path) => {
                Some(Asks::First)
            }
            Self::Apps => Some(Asks::First),
            Self::Admin if is_under(path, "/api/v1") => Some(Asks::BeforeSuccess),
            Self::Exchange(_) | Self::Events | Self::Admin | Self::Stream | Self::Forward | Self::Socket => {
                Some(Asks::Perhaps)
            }
            // What an app's own pages ask for is its own business.
            Self::Miniapp(_) | Self::File(_) | Self::Public | Self::App | Self::Docs | Self::Open => None,
        }
    }

    /// Whether probes and whoever mends the server ask here.
    fn is_for_operators(&self) -> bool {
        matches!(self, Self::Admin | Self::Apps)
    }
}

/// What the Events API has an endpoint for.
fn is_event(path: &str) -> bool {
    path.strip_prefix("/api/events/").is_some_and(|tail| !tail.is_empty())
}

fn from_admin(body: axum::body::Body) -> Body {
    Either::Right(Either::Left(body))
}

async fn admin(
    local: &Local,
    mut request: Request<Incoming>,
    visitor: Visitor,
) -> Response<axum::body::Body> {
    request.extensions_mut().insert(visitor);
    match local.admin.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
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
            ("/api/eventsx", Route::Open),
            ("/api/v1/miniapps/shop/settings", Route::Miniapp(Some("shop".into()))),
            ("/api/v1/miniapps/a%20b/settings/", Route::Miniapp(Some("a b".into()))),
            ("/api/v1/miniapps/shop", Route::Miniapp(None)),
            ("/api/v1/miniapps/%ff/settings/", Route::Miniapp(None)),
            ("/api/v1/miniappsx", Route::Admin),
            ("/api/v1/events/stream", Route::Stream),
            ("/api/v1/events/streams", Route::Admin),
            ("/api/v1/forward", Route::Forward),
            ("/socket.io/", Route::Socket),
            ("/socket.io/socket.io.js", Route::File(page::find("/socket.io/socket.io.js"))),
            ("/sdk/nothing", Route::File(None)),
            ("/public/bolt/native/js/none.js", Route::File(None)),
            ("/public/shop/a.css", Route::Public),
            ("/public/bolted/a.css", Route::Public),
            ("/api/v1/apps", Route::Admin),
            ("/api/apps", Route::Apps),
            ("/api/apps/shop/logs", Route::Apps),
            ("/api/appsx", Route::Open),
            ("/x/shop", Route::App),
            ("/xs", Route::Open),
            ("/api/v1/apps/x", Route::Admin),
            ("/metrics", Route::Admin),
            ("/docs", Route::Docs),
            ("/docs/errors/invalid", Route::Docs),
            ("/docsx", Route::Open),
            ("/api/db/things", Route::Open),
            ("/", Route::Open),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
