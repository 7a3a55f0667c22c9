//! The URL map of the administration API.

use super::extract::Shared;
use super::people::{links as sign_in_links, roles, session, sessions, tokens, users};
use super::{
    AdminState, apps, attention, audit, credentials, deliveries, events, exchanges, explain, hooks, jobs,
    lanes, links, permissions, probes, search, send, stats, story, system, tail, tickets, trials, views,
};
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use http::{HeaderValue, Method, header};
use std::sync::Arc;

/// Returns the administration API, the probes and the documentation as one service.
pub fn router(state: AdminState) -> Router {
    let shared: Shared = Arc::new(state);
    served(people(of_apps(operations())), shared)
}

/// Returns the same for the console's listener, with the operations that need a browser's session.
pub fn console_router(state: AdminState) -> Router {
    let shared: Shared = Arc::new(state);
    let routes = people(of_apps(operations()))
        .route("/api/v1/session", get(session::show).post(session::create).delete(session::remove))
        .route("/api/v1/session/password", post(session::password))
        .route("/api/v1/session/apps", post(session::hand_over))
        .route("/api/v1/sign-in-options", get(session::options));
    served(routes, shared)
}

/// Adds the checks and the answers for unknown paths.
fn served(routes: Router<Shared>, shared: Shared) -> Router {
    routes
        .route_layer(from_fn_with_state(Arc::clone(&shared), permissions::check))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&shared), finish))
        .with_state(shared)
}

fn people(routes: Router<Shared>) -> Router<Shared> {
    routes
        .route("/api/v1/users", get(users::list).post(users::create))
        .route("/api/v1/users/{id}", get(users::show).patch(users::change).delete(users::remove))
        .route("/api/v1/roles", get(roles::list).post(roles::create))
        .route("/api/v1/roles/{name}", get(roles::show).patch(roles::change).delete(roles::remove))
        .route("/api/v1/tokens", get(tokens::list).post(tokens::create))
        .route("/api/v1/tokens/{id}", delete(tokens::remove))
        .route("/api/v1/sessions", get(sessions::list))
        .route("/api/v1/sessions/{id}", delete(sessions::remove))
        .route("/api/v1/sign-in-links", post(sign_in_links::create))
}

fn of_apps(routes: Router<Shared>) -> Router<Shared> {
    routes
        .route("/api/v1/apps", get(apps::list).post(apps::create))
        .route("/api/v1/apps/{name}", get(apps::show).patch(apps::change).delete(apps::remove))
        .route("/api/v1/apps/{name}/rotate", post(apps::rotate))
        .route("/api/v1/apps/{name}/secrets", post(apps::secrets))
        .route("/api/v1/apps/{name}/end-overlap", post(apps::end_overlap))
        .route("/api/v1/apps/{name}/credentials", get(credentials::list))
        .route("/api/v1/apps/{name}/credentials/{kind}/rotate", post(credentials::rotate))
        .route("/api/v1/apps/{name}/credentials/{kind}/end-overlap", post(credentials::end_overlap))
        .route("/api/v1/apps/{name}/credentials/{kind}/extend-overlap", post(credentials::extend_overlap))
}

fn operations() -> Router<Shared> {
    Router::new()
        .route("/api/v1/links", get(links::list).post(links::create))
        .route("/api/v1/links/{host}/{miniapp}", get(links::show).patch(links::change).delete(links::remove))
        .route("/api/v1/hooks", get(hooks::list).post(hooks::create))
        .route("/api/v1/hooks/{id}", patch(hooks::change).delete(hooks::remove).get(hooks::show))
        .route("/api/v1/events", get(events::list).post(send::publish))
        .route("/api/v1/events/{id}", get(events::show))
        .route("/api/v1/events/{id}/story", get(story::event))
        .route("/api/v1/events/{id}/explain", get(explain::of_event))
        .route("/api/v1/deliveries", get(deliveries::list))
        .route("/api/v1/deliveries/retry", post(deliveries::retry_many))
        .route("/api/v1/deliveries/replay", post(deliveries::replay_many))
        .route("/api/v1/deliveries/{id}", get(deliveries::show))
        .route("/api/v1/deliveries/{id}/retry", post(deliveries::retry))
        .route("/api/v1/deliveries/{id}/replay", post(deliveries::replay))
        .route("/api/v1/deliveries/{id}/cancel", post(lanes::cancel))
        .route("/api/v1/lanes", get(lanes::list))
        .route("/api/v1/lanes/{hook}", get(lanes::show))
        .route("/api/v1/lanes/{hook}/pause", post(lanes::pause))
        .route("/api/v1/lanes/{hook}/resume", post(lanes::resume))
        .route("/api/v1/lanes/{hook}/skip", post(lanes::skip))
        .route("/api/v1/exchanges", get(exchanges::list).post(send::send))
        .route("/api/v1/exchanges/{id}", get(exchanges::show))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/exchanges/{id}/story", get(story::exchange))
        .route("/api/v1/search", get(search::search))
        .route("/api/v1/jobs", get(jobs::list).post(jobs::create))
        .route("/api/v1/jobs/{id}", get(jobs::show))
        .route("/api/v1/jobs/{id}/stop", post(jobs::stop))
        .route("/api/v1/jobs/{id}/items", get(jobs::items))
        .route("/api/v1/views", get(views::list))
        .route("/api/v1/views/{name}", put(views::put).delete(views::remove))
        .route("/api/v1/hooks/{id}/test", post(trials::hook))
        .route("/api/v1/apps/{name}/receiver/test", post(trials::receiver))
        .route("/api/v1/receiver-tests", post(trials::create))
        .route("/api/v1/receiver-tests/{id}", get(trials::show))
        .route("/api/v1/explain", post(explain::explain))
        .route("/api/v1/attention", get(attention::attention))
        .route("/api/v1/settings", get(system::settings))
        .route("/api/v1/doctor", get(system::doctor))
        .route("/api/v1/tail", get(tail::tail))
        .route("/api/v1/apps/{name}/logs/stream", get(tail::logs))
        .route("/api/v1/stats/now", get(stats::now))
        .route("/api/v1/stats/series", get(stats::series))
        .route("/api/v1/stats/edges", get(stats::edges))
        .route("/api/v1/stats/top", get(stats::top))
        .route("/api/v1/tickets", post(tickets::create))
        .route("/", get(probes::landing))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/healthz", get(probes::healthz))
        .route("/metrics", get(probes::scrape))
        .route("/openapi.json", get(probes::openapi))
}

async fn not_found() -> Problem {
    Problem::new(ProblemCode::NotFound, "this path does not exist; /openapi.json lists all paths")
}

async fn method_not_allowed(method: Method) -> Problem {
    let detail = format!("this path does not support {method}; the header `Allow` lists what it supports");
    Problem::new(ProblemCode::MethodNotAllowed, detail)
}

/// Counts the answer, and forbids caching: some answers contain secrets, and all become outdated.
async fn finish(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let surface = if request.uri().path().starts_with("/api/") { Surface::Admin } else { Surface::Other };
    let mut response = next.run(request).await;
    shared.metrics.request(surface, response.status());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
