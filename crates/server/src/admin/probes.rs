//! Probes, metrics, the API description and the pages of error codes.

use super::extract::{Shared, local_or_admin};
use super::spec;
use crate::health::{HealthReport, HealthStatus};
use crate::metrics;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

/// What somebody sees who opens the server's address in a browser.
pub(super) async fn landing(headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], LANDING).into_response()
    } else {
        let text = "Footbridge runs here. /docs/ has the documentation, /healthz its state, /openapi.json its API.\n";
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
    }
}

/// No scripts, nothing from elsewhere, and nothing that tells one server from another.
const LANDING: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Footbridge</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Footbridge runs here</h1>
<p>This server carries events between apps. There is nothing to see at this address itself.</p>
<ul>
<li><a href=\"/docs/\">/docs/</a>: the documentation, unless it is switched off
<li><a href=\"/healthz\">/healthz</a>: how it is
<li><a href=\"/openapi.json\">/openapi.json</a>: the description of its API
</ul>
<p>On the command line, <code>footbridge app list</code> shows the apps, and <code>footbridge help</code> the rest.</p>
</html>
";

/// Whether the process can answer.
#[utoipa::path(get, path = "/livez", tag = "probes", responses((status = 200, body = HealthReport)))]
pub(super) async fn livez(State(shared): State<Shared>) -> Json<HealthReport> {
    Json(report(&shared))
}

/// Whether the server takes work.
#[utoipa::path(get, path = "/readyz", tag = "probes",
    responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub(super) async fn readyz(State(shared): State<Shared>) -> Response {
    health(&shared)
}

/// Whether the server takes work, and what an operator should mend.
#[utoipa::path(get, path = "/healthz", tag = "probes",
    responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub(super) async fn healthz(State(shared): State<Shared>) -> Response {
    health(&shared)
}

fn health(shared: &Shared) -> Response {
    let report = report(shared);
    let ready = report.status == HealthStatus::Ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

fn report(shared: &Shared) -> HealthReport {
    shared.health.report().under(shared.engine.health())
}

/// Metrics as Prometheus text: free on loopback, else with the admin token.
#[utoipa::path(get, path = "/metrics", tag = "probes", security((), ("admin" = [])),
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub(super) async fn scrape(State(shared): State<Shared>, parts: Parts) -> Result<impl IntoResponse, Problem> {
    local_or_admin(&parts, &shared)?;
    let ready = report(&shared).status == HealthStatus::Ready;
    let text = shared.metrics.text(&shared.engine.account(), shared.engine.dropped_records(), ready);
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "probes", responses((status = 200)))]
pub(super) async fn openapi() -> Result<impl IntoResponse, Problem> {
    let text = spec::description().map_err(|error| {
        tracing::error!(%error, "the API description could not be written");
        Problem::new(ProblemCode::Internal, "the description could not be written")
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text))
}
