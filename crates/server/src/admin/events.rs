//! `/api/v1/events`.

use super::extract::{Admin, Id, Shared};
use super::page::{List, Params};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_engine::{EventFilter, EventView as Kept};
use footbridge_model::id::EventId;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Millis;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An accepted event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventView {
    #[schema(value_type = String, example = "evt_0f7m2k9x4c1aa")]
    id: EventId,
    #[schema(value_type = String)]
    name: EventName,
    #[schema(value_type = String)]
    publisher: AppName,
    #[schema(value_type = String, format = DateTime)]
    time: Millis,
    /// How many hooks it went to.
    deliveries: u32,
}

/// An accepted event with what it says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventDetail)]
pub(super) struct EventDetailView {
    #[serde(flatten)]
    event: EventView,
    /// As its publisher sent it, byte for byte.
    #[schema(value_type = serde_json::Value)]
    body: Option<Box<RawValue>>,
    /// Headers that go out with every delivery.
    headers: BTreeMap<String, String>,
}

impl From<&Kept> for EventView {
    fn from(kept: &Kept) -> Self {
        let event = &kept.event;
        Self {
            id: event.id,
            name: event.name.clone(),
            publisher: event.publisher.clone(),
            time: event.time,
            deliveries: kept.deliveries,
        }
    }
}

impl From<Kept> for EventDetailView {
    fn from(kept: Kept) -> Self {
        Self {
            event: EventView::from(&kept),
            body: raw(&kept.event.body),
            headers: kept.event.headers.pairs().into_iter().collect(),
        }
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
    responses((status = 200, body = List<EventView>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<EventView>>, Problem> {
    let window = params.window("events", &["publisher", "name"])?;
    let name = params.text("name").map(|name| EventName::parse(name).map(|name| name.to_string()));
    let name =
        name.transpose().map_err(|error| Problem::parameter("name", format_args!("is wrong: {error}")))?;
    let filter = EventFilter { publisher: params.app("publisher")?, name };
    let page = window.of_journal(EventId::number)?;
    let rows = shared.engine.journal().events(filter, page).await?;
    Ok(Json(window.list(rows, |kept| kept.event.id.to_string(), |kept| EventView::from(&kept))))
}

/// Shows an event with what it says.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = EventDetailView)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
) -> Result<Json<EventDetailView>, Problem> {
    let kept = shared.engine.journal().event(id).await?.ok_or_else(|| Problem::missing("event"))?;
    Ok(Json(kept.into()))
}
