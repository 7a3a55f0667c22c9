//! Handlers of `/api/v1/events`.

use super::extract::{Admin, Id, Shared};
use super::paging::Params;
use super::visible;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, List};
use footbridge_engine::{EventFilter, EventView};
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use footbridge_model::permission::Permission;
use serde_json::value::RawValue;

pub(super) fn event(view: &EventView) -> api::Event {
    let event = &view.event;
    api::Event {
        id: event.id.to_string(),
        name: event.name.to_string(),
        publisher: event.publisher.to_string(),
        time: event.time.to_string(),
        deliveries: view.deliveries,
    }
}

/// Returns JSON for an answer, byte for byte; `None` for bytes that are not JSON.
pub(super) fn raw(bytes: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice(bytes).ok()
}

/// Lists the events, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("admin" = [])),
    params(("publisher" = Option<String>, Query, description = "Events of this publisher"),
        ("name" = Option<String>, Query, description = "Events with this name"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Event>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Event>>, Problem> {
    let window = params.window("events", &["publisher", "name"])?;
    let name = params.parse("name", EventName::parse)?.map(|name| name.to_string());
    let filter = EventFilter { publisher: params.app("publisher")?, name };
    let page = window.of_journal(EventId::number)?;
    let rows = shared.engine.history().events(filter, page).await?;
    let (rows, next) = window.cut(rows, |view| view.event.id.to_string());
    let mut data = Vec::with_capacity(rows.len());
    for view in &rows {
        if visible::event(&shared, &caller, view).await? {
            data.push(event(view));
        }
    }
    Ok(Json(List { data, next }))
}

/// Shows an event with its body and headers, which need the permission `payloads.read` and are `null` without it.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::EventDetail)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
) -> Result<Json<api::EventDetail>, Problem> {
    let view = shared.engine.history().event(id).await?.ok_or_else(|| Problem::missing("event"))?;
    if !visible::event(&shared, &caller, &view).await? {
        return Err(Problem::missing("event"));
    }
    let payload = caller.may(Permission::PayloadsRead);
    let body = if payload { raw(&view.event.body) } else { None };
    let headers = payload.then(|| view.event.headers.pairs().into_iter().collect());
    Ok(Json(api::EventDetail { event: event(&view), body, headers }))
}
