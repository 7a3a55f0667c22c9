//! Probes, metrics and the API description.

use super::extract::{Shared, local_or_admin};
use crate::edge::ClientInfo;
use crate::health::{HealthReport, HealthStatus};
use crate::metrics;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};

/// The page at the server's root.
pub(super) async fn landing(State(shared): State<Shared>, parts: Parts) -> Response {
    let accept =
        parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        // Strangers need not know where administrators sign in.
        let local = parts.extensions.get::<ClientInfo>().is_some_and(|client| client.local);
        let console = match shared.console.as_ref().filter(|_| local) {
            Some(console) => {
                let url = escape(&console.url);
                format!("<a href=\"{url}\">{url}</a>: the console, for people who sign in. ")
            }
            None => "The console, for people who sign in, has an address of its own. ".to_owned(),
        };
        let page = LANDING.replace("{{console}}", &console);
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
    } else {
        let text = "This is a Footbridge server. /docs/ has the documentation, /healthz the health, /openapi.json the API; \
                    `footbridge console` opens the console.\n";
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
    }
}

/// Returns a text for HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// The page at the server's root, without scripts and external resources.
const LANDING: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Footbridge</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>This is a Footbridge server</h1>
<p>It carries events between apps: as exchanges that one app answers, as events for everyone who subscribed, and live into
web pages. Apps and their pages use this address.</p>
<ul>
<li>{{console}}<code>footbridge console</code> opens it, signed in
<li><a href=\"/docs/\">/docs/</a>: the documentation, unless it is disabled
<li><a href=\"/healthz\">/healthz</a>: the health of the server
<li><a href=\"/openapi.json\">/openapi.json</a>: the description of its API
</ul>
<p>On the command line, <code>footbridge app list</code> shows the apps, and <code>footbridge help</code> the rest.</p>
</html>
";

/// Reports that the process can answer.
#[utoipa::path(get, path = "/livez", tag = "probes", responses((status = 200, body = HealthReport)))]
pub(super) async fn livez(State(shared): State<Shared>) -> Json<HealthReport> {
    Json(report(&shared))
}

/// Reports whether the server accepts work.
#[utoipa::path(get, path = "/readyz", tag = "probes",
    responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub(super) async fn readyz(State(shared): State<Shared>) -> Response {
    health(&shared)
}

/// Reports whether the server accepts work, and problems that an operator should fix.
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

/// Returns the metrics as Prometheus text. Needs an administrator's credential unless the request comes from this machine.
#[utoipa::path(get, path = "/metrics", tag = "probes", security((), ("admin" = [])),
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub(super) async fn scrape(State(shared): State<Shared>, parts: Parts) -> Result<impl IntoResponse, Problem> {
    local_or_admin(&parts, &shared).await?;
    let ready = report(&shared).status == HealthStatus::Ready;
    let account = shared.engine.account().await?;
    let text = shared.metrics.text(&account, shared.engine.dropped_records(), ready);
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
}

/// Returns this description as JSON.
#[utoipa::path(get, path = "/openapi.json", tag = "probes", responses((status = 200)))]
pub(super) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}

/// The text of [`description`](super::description()), as a test makes sure. Writing it when the server starts would cost
/// 9 MiB of memory that is never used again.
const DESCRIPTION: &str = include_str!("../../../../docs/openapi.json");
