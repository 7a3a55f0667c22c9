//! The URL map of the server, and the checks that apply to every request.

use crate::body;
use crate::credential::{APP_TOKEN, WrongCredential};
use crate::edge::{Admission, ClientInfo, PresentedCredential};
use crate::metrics::Surface;
use crate::own_paths::OWN_PATHS;
use crate::problem::{Problem, ProblemCode};
use crate::state::ShardState;
use crate::stream::{self, Body};
use crate::watch::Watch;
use crate::{bolt, bridge, cors, docs, live, page, proxy, public};
use axum::response::IntoResponse as _;
use footbridge_model::exchange::Direction;
use footbridge_model::path::is_under;
use http::header::{AUTHORIZATION, CONNECTION, HeaderValue, ORIGIN, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Either;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::time::Instant;
use tower_service::Service as _;

/// Answers one request, and logs a refused credential.
pub(crate) async fn answer(
    local: Rc<ShardState>,
    request: Request<Incoming>,
    peer: SocketAddr,
    watch: Rc<Watch>,
) -> Response<Body> {
    let client = match admit(&local, &request, peer, &watch) {
        Ok(client) => client,
        Err(problem) => return refuse(problem, None),
    };
    let surface = Route::of(request.uri().path()).credential_surface();
    let given = request.headers().contains_key(AUTHORIZATION) || request.headers().contains_key(APP_TOKEN);
    let response = throttled(&local, request, client, &watch).await;
    if let Some(surface) = surface.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        local.shared.metrics.refused_credentials().note(client.ip, surface.as_str(), given);
    }
    response
}

/// Answers one request unless its client's address sent too many wrong credentials.
async fn throttled(
    local: &Rc<ShardState>,
    request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let throttle = &local.shared.edge.throttle;
    let check = Route::of(request.uri().path()).credential_check(request.method(), request.uri().path());
    let presented = check.and_then(|_| throttle.presented(client.ip, request.headers(), request.uri()));
    let Some(mut presented) = presented else { return surface(local, request, client, watch).await };
    match throttle.admit(&mut presented, Instant::now()) {
        Admission::Now => {}
        Admission::After(wait) => tokio::time::sleep(wait).await,
        Admission::Refused(wait) => {
            let why = "too many wrong credentials came from this address; credentials that were valid before are still accepted";
            return refuse(Problem::new(ProblemCode::TooManyAttempts, why), Some(wait.as_secs()));
        }
    }
    let response = surface(local, request, client, watch).await;
    note_credential(local, check, &presented, &response);
    response
}

/// Returns the client of a request.
///
/// # Errors
/// The request is not answered at all.
fn admit(
    local: &ShardState,
    request: &Request<Incoming>,
    peer: SocketAddr,
    watch: &Watch,
) -> Result<ClientInfo, Problem> {
    if watch.has_bare_line_feed() {
        let why = "a line of the request's head ends in a line feed without a carriage return";
        return Err(Problem::new(ProblemCode::BadRequest, why));
    }
    let client = local.shared.edge.client(request, peer)?;
    if watch.is_restricted() && !Route::of(request.uri().path()).is_for_operators() {
        let why = "the server has as many connections as it allows ([server] connections); try again later";
        return Err(Problem::new(ProblemCode::Unavailable, why));
    }
    Ok(client)
}

/// Answers with a problem and closes the connection: the bytes that follow may be the request's body, which is not read.
fn refuse(problem: Problem, retry_after: Option<u64>) -> Response<Body> {
    let mut response = problem.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response.map(from_admin)
}

/// Tells the throttle whether the credential was valid, if the answer shows it.
fn note_credential(
    local: &ShardState,
    check: Option<CredentialCheck>,
    presented: &PresentedCredential,
    response: &Response<Body>,
) {
    let wrong = response.status() == StatusCode::UNAUTHORIZED
        || response.extensions().get::<WrongCredential>().is_some();
    let throttle = &local.shared.edge.throttle;
    if wrong {
        throttle.wrong(presented, Instant::now());
    } else if check == Some(CredentialCheck::First)
        || check == Some(CredentialCheck::BeforeSuccess) && response.status().is_success()
    {
        throttle.valid(presented);
    }
}

/// Routes a request to its surface.
async fn surface(
    local: &Rc<ShardState>,
    request: Request<Incoming>,
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
            let response = bolt::apps(local, request, watch).await;
            metrics.request(Surface::Admin, response.status());
            response
        }
        Route::App | Route::Public | Route::Open => app_route(local, route, request, client, watch).await,
        Route::Docs => docs_route(local, request, client).await,
        Route::Admin => admin(local, request, client).await.map(from_admin),
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
    let response = match route {
        Route::App => proxy::app(local, request, peer, watch).await,
        Route::Public => public::serve(local, request, watch).await,
        _ => {
            let mounted = local.shared.engine.routers_at(request.uri().path());
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
async fn docs_route(local: &ShardState, request: Request<Incoming>, client: ClientInfo) -> Response<Body> {
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

/// The surface that a path belongs to.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    /// The two endpoints of the event bridge.
    Exchange(Direction),
    /// The events API of Bolt.
    Events,
    /// The settings of this miniapp; `None` for an unknown path below `/api/v1/miniapps`. Pages may read both answers.
    Miniapp(Option<String>),
    /// The stream of live events (SSE).
    Stream,
    /// A file that is built into the program; `None` if there is none at this path.
    File(Option<&'static page::File>),
    /// The endpoint of both Socket.IO transports.
    Socket,
    /// Custom events that pages forward.
    Forward,
    /// The API of installed apps.
    Apps,
    /// An installed app below `/x/`.
    App,
    /// A public file of an installed app.
    Public,
    /// The documentation of the product.
    Docs,
    /// Administration, probes, and unknown paths below those of the server.
    Admin,
    /// A path that is not the server's. A router of an app may answer it.
    Open,
}

impl Route {
    /// Returns the surface whose credentials are checked here; `None` if the server checks none.
    const fn credential_surface(&self) -> Option<Surface> {
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
        match OWN_PATHS.iter().copied().find(|root| is_under(path, root)) {
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

/// The conclusion that an answer allows about the credential of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CredentialCheck {
    /// The credential is checked first: any answer other than 401 shows that it is valid.
    First,
    /// The credential is checked before success: a successful answer shows that it is valid.
    BeforeSuccess,
    /// A wrong credential is noticed, a valid one looks like none.
    Optional,
}

impl Route {
    fn credential_check(&self, method: &Method, path: &str) -> Option<CredentialCheck> {
        match self {
            Self::Exchange(_) if *method == Method::POST => Some(CredentialCheck::First),
            Self::Events if matches!(*method, Method::POST | Method::DELETE) && is_event(path) => {
                Some(CredentialCheck::First)
            }
            Self::Apps => Some(CredentialCheck::First),
            Self::Admin if is_under(path, "/api/v1") => Some(CredentialCheck::BeforeSuccess),
            Self::Exchange(_) | Self::Events | Self::Admin | Self::Stream | Self::Forward | Self::Socket => {
                Some(CredentialCheck::Optional)
            }
            // Apps check the credentials of their own pages.
            Self::Miniapp(_) | Self::File(_) | Self::Public | Self::App | Self::Docs | Self::Open => None,
        }
    }

    /// Returns true for probes and administration, which stay reachable when the server is full.
    fn is_for_operators(&self) -> bool {
        matches!(self, Self::Admin | Self::Apps)
    }
}

/// Returns true if the events API has an endpoint for this path.
fn is_event(path: &str) -> bool {
    path.strip_prefix("/api/events/").is_some_and(|tail| !tail.is_empty())
}

fn from_admin(body: axum::body::Body) -> Body {
    Either::Right(Either::Left(body))
}

async fn admin(
    local: &ShardState,
    mut request: Request<Incoming>,
    client: ClientInfo,
) -> Response<axum::body::Body> {
    request.extensions_mut().insert(client);
    match local.admin.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_to_their_surfaces() {
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
