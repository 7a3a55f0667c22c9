//! Answers requests to the console's listener.

use super::oidc;
use super::surface::{admin, docs_route, from_admin, streamed_if_long};
use crate::body;
use crate::bolt;
use crate::console::{ConsoleSettings, check_site, sign_in_state};
use crate::credential::APP_TOKEN;
use crate::edge::ClientInfo;
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use crate::state::ShardState;
use crate::stream::{self, Body};
use crate::watch::Watch;
use axum::response::IntoResponse as _;
use footbridge_model::path::is_under;
use http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use std::rc::Rc;

/// For answers that set no policy of their own: nothing may be loaded, and nothing may frame them.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const FRAME_OPTIONS: HeaderName = HeaderName::from_static("x-frame-options");

/// Answers one request to the console's listener.
pub(super) async fn answer(
    local: &Rc<ShardState>,
    settings: &ConsoleSettings,
    request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let mut response = route(local, settings, request, client, watch).await;
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.insert(FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

async fn route(
    local: &Rc<ShardState>,
    settings: &ConsoleSettings,
    mut request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let Some(path) = settings.path_below_base(request.uri().path()).map(str::to_owned) else {
        return missing(request);
    };
    let is_api = is_under(&path, "/api/v1") || is_under(&path, "/api/apps");
    if is_api || is_under(&path, "/docs") || path == "/openapi.json" {
        *request.uri_mut() = below_base(request.uri(), &path);
    }
    match path.as_str() {
        _ if is_api => api(local, settings, request, client, watch).await,
        _ if is_under(&path, "/docs") => docs_route(local, request, client).await,
        "/openapi.json" => admin(local, request, client).await.map(from_admin),
        _ => asset(local, settings, request),
    }
}

/// Returns the address of a request without the base.
fn below_base(uri: &Uri, path: &str) -> Uri {
    let whole = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = whole.parse::<PathAndQuery>().ok();
    // A part of a valid path is a valid path.
    Uri::from_parts(parts).unwrap_or_default()
}

fn missing(request: Request<Incoming>) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    Problem::new(ProblemCode::NotFound, "the console has no such path").into_response().map(from_admin)
}

/// Answers a request for a screen or a file of the console.
fn asset(local: &ShardState, settings: &ConsoleSettings, request: Request<Incoming>) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    let found = (settings.assets)(&head, &settings.base);
    let response = match found {
        Some(response) => response.map(|bytes| stream::full(Full::new(bytes))),
        None => Problem::new(ProblemCode::NotFound, "the console has no such path")
            .into_response()
            .map(from_admin),
    };
    local.shared.metrics.request(Surface::Other, response.status());
    response
}

/// Answers a call of the API with the rights of the session. No other credential counts here.
async fn api(
    local: &Rc<ShardState>,
    settings: &ConsoleSettings,
    request: Request<Incoming>,
    client: ClientInfo,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let (mut head, incoming) = request.into_parts();
    // A browser comes back from a provider from another site, so the check of the site comes after this.
    if let Some(response) = oidc::answer(local, settings, &head, client).await {
        body::discard(&head.headers, incoming);
        local.shared.metrics.request(Surface::Admin, response.status());
        return response.map(stream::full);
    }
    head.headers.remove(AUTHORIZATION);
    head.headers.remove(APP_TOKEN);
    let people = local.shared.engine.people();
    let found = match check_site(settings, &head) {
        Ok(()) => sign_in_state(people, settings, &head.headers, client.ip).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(None) => {}
        Ok(Some((caller, session))) => {
            head.extensions.insert(caller);
            head.extensions.insert(session);
        }
        Err(problem) => {
            body::discard(&head.headers, incoming);
            local.shared.metrics.request(Surface::Admin, problem.code().status());
            return problem.into_response().map(from_admin);
        }
    }
    head.extensions.insert(client);
    let apps = is_under(head.uri.path(), "/api/apps");
    let request = Request::from_parts(head, incoming);
    if apps {
        let response = bolt::apps(local, request, watch).await;
        local.shared.metrics.request(Surface::Admin, response.status());
        return response;
    }
    streamed_if_long(admin(local, request, client).await, watch)
}
