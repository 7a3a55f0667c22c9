//! `/api/v1/events`.

use super::extract::{Admin, Id, Shared};
use super::page::Params;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, List};
use footbridge_engine::{EventFilter, EventView as Kept};
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use serde_json::value::RawValue;

fn event(kept: &Kept) -> api::Event {
    let event = &kept.event;
    api::Event {
        id: event.id.to_string(),
        name: event.name.to_string(),
        publisher: event.publisher.to_string(),
        time: event.time.to_string(),
        deliveries: kept.deliveries,
    }
}

/// JSON that goes into an answer byte for byte; `None` for what is empty or no JSON.
pub(super) fn raw(bytes: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice(bytes).ok()
}

/// Lists the events, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("admin" = [])),
    params(("publisher" = Option<String>, Query, description = "Only this app's"),
        ("name" = Option<String>, Query, description = "Only of this name"),
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
    Ok(Json(window.list(rows, |kept| kept.event.id.to_string(), |kept| event(&kept))))
}

/// Shows an event with what it says.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::EventDetail)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
) -> Result<Json<api::EventDetail>, Problem> {
    let kept = shared.engine.history().event(id).await?.ok_or_else(|| Problem::missing("event"))?;
    let body = raw(&kept.event.body);
    let headers = kept.event.headers.pairs().into_iter().collect();
    Ok(Json(api::EventDetail { event: event(&kept), body, headers }))
}
