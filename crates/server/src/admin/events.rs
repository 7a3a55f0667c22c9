//! Handlers of `/api/v1/events`.

use super::extract::{Admin, Id, Shared};
use super::paging::Params;
use super::searching::{Form, SearchedTable, Step};
use super::visible;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use footbridge_api as api;
use footbridge_engine::{EventFilter, EventView, Search, StatusCounts};
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use footbridge_model::permission::Permission;
use footbridge_model::query::Subject;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) fn event(view: &EventView) -> api::Event {
    let event = &view.event;
    api::Event {
        id: event.id.to_string(),
        name: event.name.to_string(),
        publisher: event.publisher.to_string(),
        time: event.time.to_string(),
        deliveries: view.deliveries,
        via: event.provenance.via.as_str().to_owned(),
        cause: event.lineage.cause.map(cause),
        trace: event.provenance.trace.map(|trace| trace.trace().to_string()),
        test: event.provenance.test,
        statuses: statuses(&view.statuses),
    }
}

fn statuses(counts: &StatusCounts) -> BTreeMap<String, u32> {
    counts.present().map(|(status, count)| (status.as_str().to_owned(), count)).collect()
}

/// The list of events.
pub(super) static EVENTS: SearchedTable = SearchedTable {
    name: "events",
    ascending: "events-asc",
    subject: Subject::Events,
    filters: &["publisher", "name"],
    number: |text| text.parse().ok().map(EventId::number),
    id: |number| EventId::from_number(number).text(),
    columns: &["id", "time", "publisher", "name", "via", "deliveries", "statuses", "cause", "trace", "test"],
};

/// Returns an event as the cause of something.
pub(super) fn cause(id: EventId) -> api::Cause {
    api::Cause { id: id.text(), kind: "event".to_owned() }
}

/// Returns JSON for an answer, byte for byte; `None` for bytes that are not JSON.
pub(super) fn raw(bytes: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice(bytes).ok()
}

/// Lists the events that match, newest first, or exports them all as CSV or NDJSON if `Accept` asks for that.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", security(("admin" = [])),
    params(("publisher" = Option<String>, Query, description = "Events of this publisher"),
        ("name" = Option<String>, Query, description = "Events with this name"),
        ("q" = Option<String>, Query, description = "Terms of the search grammar, such as `app:shop -status:dead body.order.id:42`"),
        ("since" = Option<String>, Query, description = "Events accepted at or after this time; `2h` means two hours ago"),
        ("until" = Option<String>, Query, description = "Events accepted before this time; `2h` means two hours ago"),
        ("order" = Option<String>, Query, description = "`desc`, newest first (default), or `asc`"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = api::SearchedList<api::Event>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    form: Form,
    params: Params,
) -> Result<Response, Problem> {
    let searching = EVENTS.read(&params, form, &caller, shared.engine.now())?;
    let name = params.parse("name", EventName::parse)?.map(|name| name.to_string());
    let filter = EventFilter { publisher: params.app("publisher")?, name };
    let fetch = move |search: Search| -> Step<api::Event> {
        let found = shared.engine.history().search_events(filter.clone(), search);
        Box::pin(async move { Ok(found.await?.map(|view| event(&view))) })
    };
    searching.answer(fetch).await
}

/// Shows an event with its body and headers, which need the permission `payloads.read` and are `null` without it.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::EventDetail)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
) -> Result<Json<api::EventDetail>, Problem> {
    let missing = || Problem::missing("event");
    let mut view = shared.engine.history().event(id).await?.ok_or_else(missing)?;
    view.statuses = shared.engine.history().statuses(id).await?;
    let view = visible::event(&shared, &caller, view).await?.ok_or_else(missing)?;
    let payload = caller.may(Permission::PayloadsRead);
    let body = if payload { raw(&view.event.body) } else { None };
    let headers = payload.then(|| view.event.headers.pairs().into_iter().collect());
    Ok(Json(api::EventDetail { event: event(&view), body, headers }))
}
