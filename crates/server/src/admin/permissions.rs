//! The permission that each operation needs, and the check of it, which comes before the handler.

use super::extract::{Permitted, Shared, unauthorized};
use crate::callers;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use footbridge_model::permission::Permission;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::{Body as HttpBody, Frame};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The permission of each operation that needs an administrator's credential. An operation without a row answers 401 to all.
pub(super) const TABLE: &[(Method, &str, Permission)] = &[
    (Method::GET, "/api/v1/apps", Permission::AppsRead),
    (Method::POST, "/api/v1/apps", Permission::AppsWrite),
    (Method::GET, "/api/v1/apps/{name}", Permission::AppsRead),
    (Method::PATCH, "/api/v1/apps/{name}", Permission::AppsWrite),
    (Method::DELETE, "/api/v1/apps/{name}", Permission::AppsWrite),
    (Method::POST, "/api/v1/apps/{name}/rotate", Permission::SecretsRotate),
    (Method::POST, "/api/v1/apps/{name}/secrets", Permission::SecretsRotate),
    (Method::POST, "/api/v1/apps/{name}/end-overlap", Permission::SecretsRotate),
    (Method::GET, "/api/v1/apps/{name}/credentials", Permission::AppsRead),
    (Method::POST, "/api/v1/apps/{name}/credentials/{kind}/rotate", Permission::SecretsRotate),
    (Method::POST, "/api/v1/apps/{name}/credentials/{kind}/end-overlap", Permission::SecretsRotate),
    (Method::POST, "/api/v1/apps/{name}/credentials/{kind}/extend-overlap", Permission::SecretsRotate),
    (Method::GET, "/api/v1/links", Permission::AppsRead),
    (Method::POST, "/api/v1/links", Permission::LinksWrite),
    (Method::GET, "/api/v1/links/{host}/{miniapp}", Permission::AppsRead),
    (Method::PATCH, "/api/v1/links/{host}/{miniapp}", Permission::LinksWrite),
    (Method::DELETE, "/api/v1/links/{host}/{miniapp}", Permission::LinksWrite),
    (Method::GET, "/api/v1/hooks", Permission::AppsRead),
    (Method::POST, "/api/v1/hooks", Permission::HooksWrite),
    (Method::GET, "/api/v1/hooks/{id}", Permission::AppsRead),
    (Method::PATCH, "/api/v1/hooks/{id}", Permission::HooksWrite),
    (Method::DELETE, "/api/v1/hooks/{id}", Permission::HooksWrite),
    (Method::GET, "/api/v1/events", Permission::EventsRead),
    (Method::GET, "/api/v1/events/{id}", Permission::EventsRead),
    (Method::GET, "/api/v1/events/{id}/story", Permission::EventsRead),
    (Method::GET, "/api/v1/events/{id}/explain", Permission::EventsRead),
    (Method::GET, "/api/v1/exchanges/{id}/story", Permission::EventsRead),
    (Method::GET, "/api/v1/deliveries", Permission::EventsRead),
    (Method::POST, "/api/v1/deliveries/retry", Permission::JobsRun),
    (Method::POST, "/api/v1/deliveries/replay", Permission::JobsRun),
    (Method::GET, "/api/v1/deliveries/{id}", Permission::EventsRead),
    (Method::POST, "/api/v1/deliveries/{id}/retry", Permission::DeliveriesRetry),
    (Method::POST, "/api/v1/deliveries/{id}/replay", Permission::DeliveriesRetry),
    (Method::POST, "/api/v1/deliveries/{id}/cancel", Permission::DeliveriesRetry),
    (Method::GET, "/api/v1/lanes", Permission::EventsRead),
    (Method::GET, "/api/v1/lanes/{hook}", Permission::EventsRead),
    (Method::POST, "/api/v1/lanes/{hook}/pause", Permission::HooksWrite),
    (Method::POST, "/api/v1/lanes/{hook}/resume", Permission::HooksWrite),
    (Method::POST, "/api/v1/lanes/{hook}/skip", Permission::DeliveriesRetry),
    (Method::GET, "/api/v1/exchanges", Permission::EventsRead),
    (Method::GET, "/api/v1/exchanges/{id}", Permission::EventsRead),
    (Method::GET, "/api/v1/audit", Permission::AuditRead),
    (Method::GET, "/api/v1/search", Permission::EventsRead),
    (Method::GET, "/api/v1/jobs", Permission::EventsRead),
    (Method::POST, "/api/v1/jobs", Permission::JobsRun),
    (Method::GET, "/api/v1/jobs/{id}", Permission::EventsRead),
    (Method::POST, "/api/v1/jobs/{id}/stop", Permission::JobsRun),
    (Method::GET, "/api/v1/jobs/{id}/items", Permission::EventsRead),
    (Method::GET, "/api/v1/views", Permission::OverviewRead),
    (Method::PUT, "/api/v1/views/{name}", Permission::OverviewRead),
    (Method::DELETE, "/api/v1/views/{name}", Permission::OverviewRead),
    (Method::POST, "/api/v1/events", Permission::EventsSend),
    (Method::POST, "/api/v1/exchanges", Permission::EventsSend),
    (Method::POST, "/api/v1/hooks/{id}/test", Permission::EventsSend),
    (Method::POST, "/api/v1/apps/{name}/receiver/test", Permission::EventsSend),
    (Method::POST, "/api/v1/receiver-tests", Permission::EventsSend),
    (Method::GET, "/api/v1/receiver-tests/{id}", Permission::EventsSend),
    (Method::POST, "/api/v1/explain", Permission::AppsRead),
    (Method::GET, "/api/v1/attention", Permission::OverviewRead),
    (Method::GET, "/api/v1/settings", Permission::SettingsWrite),
    (Method::GET, "/api/v1/doctor", Permission::OverviewRead),
    (Method::GET, "/api/v1/tail", Permission::EventsRead),
    (Method::GET, "/api/v1/apps/{name}/logs/stream", Permission::AppsRead),
    (Method::GET, "/api/v1/stats/now", Permission::OverviewRead),
    (Method::GET, "/api/v1/stats/series", Permission::OverviewRead),
    (Method::GET, "/api/v1/stats/edges", Permission::OverviewRead),
    (Method::GET, "/api/v1/stats/top", Permission::OverviewRead),
    (Method::GET, "/api/v1/users", Permission::UsersWrite),
    (Method::POST, "/api/v1/users", Permission::UsersWrite),
    (Method::GET, "/api/v1/users/{id}", Permission::UsersWrite),
    (Method::PATCH, "/api/v1/users/{id}", Permission::UsersWrite),
    (Method::DELETE, "/api/v1/users/{id}", Permission::UsersWrite),
    (Method::GET, "/api/v1/roles", Permission::UsersWrite),
    (Method::POST, "/api/v1/roles", Permission::UsersWrite),
    (Method::GET, "/api/v1/roles/{name}", Permission::UsersWrite),
    (Method::PATCH, "/api/v1/roles/{name}", Permission::UsersWrite),
    (Method::DELETE, "/api/v1/roles/{name}", Permission::UsersWrite),
    (Method::GET, "/api/v1/tokens", Permission::OverviewRead),
    (Method::POST, "/api/v1/tokens", Permission::OverviewRead),
    (Method::DELETE, "/api/v1/tokens/{id}", Permission::OverviewRead),
    (Method::GET, "/api/v1/sessions", Permission::OverviewRead),
    (Method::DELETE, "/api/v1/sessions/{id}", Permission::OverviewRead),
    (Method::POST, "/api/v1/sign-in-links", Permission::UsersWrite),
];

/// Operations that apps may call too, with their own credentials. Their handlers check those.
const APPS_TOO: &[&str] = &["/api/v1/exchanges/{id}"];

/// Returns the permission of an operation; `None` if it needs no administrator.
fn needed(method: &Method, path: &str) -> Option<Permission> {
    // A handler of GET answers HEAD.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    TABLE.iter().find(|(known, at, _)| known == method && *at == path).map(|(_, _, permission)| *permission)
}

/// Checks that the caller has the permission of the operation, and passes the caller on to the handler.
pub(super) async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let Some(path) = path else { return next.run(request).await };
    let Some(permission) = needed(request.method(), path.as_str()) else { return next.run(request).await };
    let (mut parts, body): (_, Body) = request.into_parts();
    let caller = match callers::identify(&shared.engine, &shared.admin_token, &parts).await {
        Ok(Some(caller)) => caller,
        Ok(None) if APPS_TOO.contains(&path.as_str()) => {
            return next.run(Request::from_parts(parts, body)).await;
        }
        Ok(None) => return unauthorized(&shared).into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    if let Err(problem) = Problem::require(&caller, permission) {
        return problem.into_response();
    }
    parts.extensions.insert(Permitted(Arc::clone(&caller)));
    let response = next.run(Request::from_parts(parts, body)).await;
    if !is_stream(response.headers()) {
        return response;
    }
    let ended = Arc::clone(shared.engine.people()).rights_ended(caller);
    let endless = is_endless(response.headers());
    response.map(|body| Body::new(UntilEnded { body, ended: Box::pin(ended), endless, over: false }))
}

/// Returns true for an answer that may take long: live rows and exports.
fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    is_endless(headers) || kind.starts_with(b"application/x-ndjson") || kind.starts_with(b"text/csv")
}

/// Returns true for an answer that goes on until somebody ends it.
fn is_endless(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// The error that breaks off an export, so that nobody takes the part for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the rights of the caller have ended")]
struct RightsEnded;

/// A stream that ends when the rights of its caller end.
struct UntilEnded {
    body: Body,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// True for live rows, whose end is no error.
    endless: bool,
    over: bool,
}

impl HttpBody for UntilEnded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.over || self.ended.as_mut().poll(cx).is_ready() {
            let first = !std::mem::replace(&mut self.over, true);
            let broken_off = (first && !self.endless).then(|| Err(axum::Error::new(RightsEnded)));
            return Poll::Ready(broken_off);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
