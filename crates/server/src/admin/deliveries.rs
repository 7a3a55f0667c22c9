//! Handlers of `/api/v1/deliveries`.

use super::AdminState;
use super::body::JsonBody;
use super::dto::{any_app, parse_optional};
use super::extract::{Admin, Change, Id, Shared};
use super::paging::Params;
use super::searching::{Form, SearchedTable, Step};
use super::visible;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use footbridge_api as api;
use footbridge_engine::{BulkMode, DeliveryFilter, DeliveryView, Search};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId, HookId, made_at};
use footbridge_model::name::EventName;
use footbridge_model::permission::Permission;
use footbridge_model::query::{Moment, Subject};
use footbridge_model::time::Millis;
use http::StatusCode;
use serde_json::value::RawValue;
use std::str::FromStr;
use std::sync::Arc;

/// Renders an attempt; without `payload`, it lacks what the receiver returned.
pub(super) fn attempt(attempt: Attempt, payload: bool) -> api::Attempt {
    let Attempt { n, at, status, error, ms, output, answer } = attempt;
    let output = output.filter(|_| payload).and_then(|output| RawValue::from_string(output).ok());
    let answer = answer.filter(|_| payload);
    api::Attempt { n, at: at.to_string(), status, error, ms, output, answer }
}

pub(super) fn delivery(view: DeliveryView, shared: &AdminState) -> api::Delivery {
    let DeliveryView { delivery, hook, event, last_ms, .. } = view;
    let url = match shared.engine.hook(hook.id) {
        Ok(entry) => entry.url().to_owned(),
        Err(_) => hook.route,
    };
    api::Delivery {
        id: delivery.id.to_string(),
        event_id: delivery.event_id.to_string(),
        hook_id: delivery.hook_id.to_string(),
        app: hook.app.to_string(),
        url,
        status: delivery.status.as_str().to_owned(),
        attempts: delivery.attempts,
        next_attempt_at: delivery.next_attempt_at.map(|at| at.to_string()),
        last_status: delivery.last_status,
        last_error: delivery.last_error,
        last_ms,
        made_at: made_at(delivery.id.number()).to_string(),
        event_name: event.as_ref().map(|event| event.name.to_string()),
        publisher: event.as_ref().map(|event| event.publisher.to_string()),
        test: event.is_some_and(|event| event.test),
    }
}

/// Reads a request to retry or replay many deliveries.
fn bulk(request: api::Bulk) -> Result<(DeliverySelection, BulkMode), Problem> {
    let mode = if request.dry_run == Some(true) { BulkMode::DryRun } else { BulkMode::Apply };
    Ok((DeliverySelection::from_body(&request.selection())?, mode))
}

/// A filter whose times may be relative to now.
#[derive(Debug)]
struct DeliverySelection {
    filter: DeliveryFilter,
    since: Option<Moment>,
    until: Option<Moment>,
}

impl DeliverySelection {
    fn from_body(selection: &api::Selection) -> Result<Self, Problem> {
        let api::Selection { app, hook, event, name, status, code, since, until } = selection;
        let name = parse_optional("name", name.as_deref(), EventName::parse)?;
        Ok(Self {
            filter: DeliveryFilter {
                event: parse_optional("event", event.as_deref(), EventId::from_str)?,
                app: parse_optional("app", app.as_deref(), any_app)?,
                hook: parse_optional("hook", hook.as_deref(), HookId::from_str)?,
                status: parse_optional("status", status.as_deref(), DeliveryStatus::from_str)?,
                name: name.map(|name| name.to_string()),
                code: *code,
                ..DeliveryFilter::default()
            },
            since: parse_optional("since", since.as_deref(), Moment::from_str)?,
            until: parse_optional("until", until.as_deref(), Moment::from_str)?,
        })
    }

    fn at(self, now: Millis) -> DeliveryFilter {
        let at = |time: Moment| time.at(now);
        DeliveryFilter { since: self.since.map(at), until: self.until.map(at), ..self.filter }
    }
}

/// The list of deliveries.
pub(super) static DELIVERIES: SearchedTable = SearchedTable {
    name: "deliveries",
    ascending: "deliveries-asc",
    subject: Subject::Deliveries,
    filters: &["event", "app", "hook", "status", "name", "code"],
    number: |text| text.parse().ok().map(DeliveryId::number),
    id: |number| DeliveryId::from_number(number).text(),
    columns: &[
        "id",
        "made_at",
        "event_id",
        "event_name",
        "publisher",
        "app",
        "hook_id",
        "url",
        "status",
        "attempts",
        "last_status",
        "last_error",
        "last_ms",
        "next_attempt_at",
        "test",
    ],
};

/// Reads an HTTP status.
fn code(text: &str) -> Result<u16, &'static str> {
    let code = text.parse().ok().filter(|code| (100..=599).contains(code));
    code.ok_or("it must be an HTTP status such as `503`; classes are found by `q=code:5xx`, and no answer by `q=code:none`")
}

/// Reads the list's own parameters.
fn filter(params: &Params) -> Result<DeliveryFilter, Problem> {
    let name: Option<EventName> = params.parse("name", EventName::parse)?;
    Ok(DeliveryFilter {
        event: params.read("event")?,
        app: params.app("app")?,
        hook: params.read("hook")?,
        status: params.read("status")?,
        name: name.map(|name| name.to_string()),
        code: params.parse("code", code)?,
        ..DeliveryFilter::default()
    })
}

/// Lists the deliveries that match, newest first, or exports them all as CSV or NDJSON if `Accept` asks for that.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", security(("admin" = [])),
    params(("event" = Option<String>, Query, description = "Deliveries of this event"),
        ("app" = Option<String>, Query, description = "Deliveries to hooks of this app"),
        ("hook" = Option<String>, Query, description = "Deliveries to this hook"),
        ("status" = Option<String>, Query, description = "Deliveries with this status"),
        ("name" = Option<String>, Query, description = "Deliveries of events with this name"),
        ("code" = Option<u16>, Query, description = "Deliveries whose receiver answered this HTTP status last"),
        ("since" = Option<String>, Query, description = "Deliveries created at or after this time; `2h` means two hours ago"),
        ("until" = Option<String>, Query, description = "Deliveries created before this time; `2h` means two hours ago"),
        ("q" = Option<String>, Query, description = "Terms of the search grammar, such as `to:shop code:5xx error:timeout`"),
        ("order" = Option<String>, Query, description = "`desc`, newest first (default), or `asc`"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = api::SearchedList<api::Delivery>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    form: Form,
    params: Params,
) -> Result<Response, Problem> {
    let searching = DELIVERIES.read(&params, form, &caller, shared.engine.now())?;
    let filter = filter(&params)?;
    let fetch = move |search: Search| -> Step<api::Delivery> {
        let found = shared.engine.history().search_deliveries(filter.clone(), search);
        let shared = Arc::clone(&shared);
        Box::pin(async move { Ok(found.await?.map(|view| delivery(view, &shared))) })
    };
    searching.answer(fetch).await
}

/// Shows a delivery with its attempts.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::DeliveryDetail)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<Json<api::DeliveryDetail>, Problem> {
    let mut view = find(&shared, &caller, id).await?;
    let payload = caller.may(Permission::PayloadsRead);
    let attempts = std::mem::take(&mut view.attempts);
    let attempt_log = attempts.into_iter().map(|made| attempt(made, payload)).collect();
    Ok(Json(api::DeliveryDetail { delivery: delivery(view, &shared), attempt_log }))
}

/// Returns a delivery that the caller sees.
pub(super) async fn find(
    shared: &AdminState,
    caller: &AdminCaller,
    id: DeliveryId,
) -> Result<DeliveryView, Problem> {
    let view = shared.engine.history().delivery(id).await?.ok_or_else(|| Problem::missing("delivery"))?;
    visible::delivery(caller, &view)?;
    Ok(view)
}

/// Renders a delivery that the caller sees.
pub(super) async fn shown(
    shared: &AdminState,
    caller: &AdminCaller,
    id: DeliveryId,
) -> Result<Json<api::Delivery>, Problem> {
    Ok(Json(delivery(find(shared, caller, id).await?, shared)))
}

/// Makes a delivery due now. A dead or cancelled delivery becomes pending again.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 202, body = api::Delivery)))]
pub(super) async fn retry(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<(StatusCode, Json<api::Delivery>), Problem> {
    find(&shared, &caller, id).await?;
    shared.engine.acting_as(&*caller).retry(id).await?;
    let view = find(&shared, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery(view, &shared))))
}

/// Retries the selected deliveries, or only counts them. Selects dead ones unless `status` is `pending` or `cancelled`.
#[utoipa::path(post, path = "/api/v1/deliveries/retry", tag = "deliveries", security(("admin" = [])),
    request_body = api::Bulk, responses((status = 200, body = api::BulkResult)))]
pub(super) async fn retry_many(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::Bulk>,
) -> Result<Json<api::BulkResult>, Problem> {
    let (selection, mode) = bulk(request)?;
    let status = selection.filter.status;
    if matches!(status, Some(DeliveryStatus::Delivered | DeliveryStatus::Unanswered)) {
        return Err(Problem::member(
            "status",
            "must be `dead`, `cancelled` or `pending` here; delivered ones can be replayed",
        ));
    }
    visible::selection(&caller, &selection.filter)?;
    let count = shared.engine.acting_as(&*caller).retry_many(selection.at(shared.engine.now()), mode).await?;
    Ok(Json(api::BulkResult { count, dry_run: mode == BulkMode::DryRun }))
}

/// Creates a new delivery of the same event to the same hook. The given delivery must have ended.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/replay", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 202, body = api::Delivery)))]
pub(super) async fn replay(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<(StatusCode, Json<api::Delivery>), Problem> {
    find(&shared, &caller, id).await?;
    let id = shared.engine.acting_as(&*caller).replay(id).await?;
    let view = find(&shared, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery(view, &shared))))
}

/// Replays the selected deliveries, or only counts them. Selects delivered ones unless `status` names others that have
/// ended. At least one other member must limit the selection.
#[utoipa::path(post, path = "/api/v1/deliveries/replay", tag = "deliveries", security(("admin" = [])),
    request_body = api::Bulk, responses((status = 200, body = api::BulkResult)))]
pub(super) async fn replay_many(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::Bulk>,
) -> Result<Json<api::BulkResult>, Problem> {
    let (selection, mode) = bulk(request)?;
    let DeliveryFilter { event, app, hook, name, code, status, .. } = &selection.filter;
    if *status == Some(DeliveryStatus::Pending) {
        return Err(Problem::member(
            "status",
            "must be one of deliveries that have ended here; pending ones can be retried",
        ));
    }
    let limited = event.is_some() || app.is_some() || hook.is_some() || name.is_some() || code.is_some();
    if !(limited || selection.since.is_some() || selection.until.is_some()) {
        return Err(Problem::new(
            ProblemCode::Invalid,
            "a replay of all deliveries is refused: name `event`, `app`, `hook`, `name`, `code`, `since` or `until`",
        ));
    }
    visible::selection(&caller, &selection.filter)?;
    let count =
        shared.engine.acting_as(&*caller).replay_many(selection.at(shared.engine.now()), mode).await?;
    Ok(Json(api::BulkResult { count, dry_run: mode == BulkMode::DryRun }))
}
