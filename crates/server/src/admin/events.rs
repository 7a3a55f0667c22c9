//! Handlers of `/api/v1/events`.

use super::extract::{Admin, Id, Shared};
use super::paging::Params;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, List};
use footbridge_engine::{EventFilter, EventView};
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use serde_json::value::RawValue;

fn event(view: &EventView) -> api::Event {
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
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Event>>, Problem> {
    let window = params.window("events", &["publisher", "name"])?;
    let name = params.parse("name", EventName::parse)?.map(|name| name.to_string());
    let filter = EventFilter { publisher: params.app("publisher")?, name };
    let page = window.of_journal(EventId::number)?;
    let rows = shared.engine.history().events(filter, page).await?;
    Ok(Json(window.list(rows, |view| view.event.id.to_string(), |view| event(&view))))
}

/// Shows an event with its body.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::EventDetail)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
) -> Result<Json<api::EventDetail>, Problem> {
    let view = shared.engine.history().event(id).await?.ok_or_else(|| Problem::missing("event"))?;
    let body = raw(&view.event.body);
    let headers = view.event.headers.pairs().into_iter().collect();
    Ok(Json(api::EventDetail { event: event(&view), body, headers }))
}
