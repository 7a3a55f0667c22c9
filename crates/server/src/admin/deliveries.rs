//! `/api/v1/deliveries`.

use super::AdminState;
use super::body::{Body, Fields, FromFields};
use super::extract::{Admin, Change, Id, Shared};
use super::moment::Moment;
use super::page::Params;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, List};
use footbridge_engine::{Bulk, DeliveryFilter, DeliveryView as Kept};
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::time::Millis;
use http::StatusCode;
use serde_json::value::RawValue;
use std::str::FromStr;

fn attempt(kept: Attempt) -> api::Attempt {
    let Attempt { n, at, status, error, ms, output } = kept;
    let output = output.and_then(|output| RawValue::from_string(output).ok());
    api::Attempt { n, at: at.to_string(), status, error, ms, output }
}

fn delivery(kept: Kept, shared: &AdminState) -> api::Delivery {
    let Kept { delivery, hook, .. } = kept;
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
    }
}

/// Which deliveries to do something with, and whether they are only counted.
#[derive(Debug)]
pub(super) struct Many {
    wanted: Wanted,
    bulk: Bulk,
}

impl FromFields for Many {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let wanted = Wanted {
            filter: DeliveryFilter {
                event: fields.optional_as("event", EventId::from_str)?,
                app: fields
                    .optional_as("app", |text| AppName::any(text).ok_or("it is not the name of an app"))?,
                hook: fields.optional_as("hook", HookId::from_str)?,
                status: fields.optional_as("status", DeliveryStatus::from_str)?,
                name: fields.optional_as("name", EventName::parse)?.map(|name| name.to_string()),
                code: fields.optional("code")?,
                ..DeliveryFilter::default()
            },
            since: fields.optional_as("since", Moment::from_str)?,
            until: fields.optional_as("until", Moment::from_str)?,
        };
        let dry_run = fields.optional("dry_run")?.unwrap_or(false);
        Ok(Self { wanted, bulk: if dry_run { Bulk::Count } else { Bulk::Do } })
    }
}

/// A filter whose times may be told from now.
#[derive(Debug)]
struct Wanted {
    filter: DeliveryFilter,
    since: Option<Moment>,
    until: Option<Moment>,
}

impl Wanted {
    fn of(params: &Params) -> Result<Self, Problem> {
        let name: Option<EventName> = params.parse("name", EventName::parse)?;
        Ok(Self {
            filter: DeliveryFilter {
                event: params.read("event")?,
                app: params.app("app")?,
                hook: params.read("hook")?,
                status: params.read("status")?,
                name: name.map(|name| name.to_string()),
                code: params.read("code")?,
                ..DeliveryFilter::default()
            },
            since: params.read("since")?,
            until: params.read("until")?,
        })
    }

    fn at(self, now: Millis) -> DeliveryFilter {
        let at = |moment: Moment| moment.at(now);
        DeliveryFilter { since: self.since.map(at), until: self.until.map(at), ..self.filter }
    }
}

/// The query parameters that pick deliveries.
const FILTERS: [&str; 8] = ["event", "app", "hook", "status", "name", "code", "since", "until"];

/// Lists the deliveries, newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", security(("admin" = [])),
    params(("event" = Option<String>, Query, description = "Only of this event"),
        ("app" = Option<String>, Query, description = "Only to hooks of this app"),
        ("hook" = Option<String>, Query, description = "Only to this hook"),
        ("status" = Option<String>, Query, description = "Only with this status"),
        ("name" = Option<String>, Query, description = "Only of events of this name"),
        ("code" = Option<u16>, Query, description = "Only those whose receiver answered this HTTP status last"),
        ("since" = Option<String>, Query, description = "Only those made at or after this time, or `2h` ago"),
        ("until" = Option<String>, Query, description = "Only those made before this time, or `2h` ago"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Delivery>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Delivery>>, Problem> {
    let window = params.window("deliveries", &FILTERS)?;
    let filter = Wanted::of(&params)?.at(shared.engine.now());
    let page = window.of_journal(DeliveryId::number)?;
    let rows = shared.engine.history().deliveries(filter, page).await?;
    let id = |kept: &Kept| kept.delivery.id.to_string();
    Ok(Json(window.list(rows, id, |kept| delivery(kept, &shared))))
}

/// Shows a delivery with its attempts.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::DeliveryDetail)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<Json<api::DeliveryDetail>, Problem> {
    let mut kept = shared.engine.history().delivery(id).await?.ok_or_else(|| Problem::missing("delivery"))?;
    let attempt_log = std::mem::take(&mut kept.attempts).into_iter().map(attempt).collect();
    Ok(Json(api::DeliveryDetail { delivery: delivery(kept, &shared), attempt_log }))
}

/// Makes a delivery due now: a pending one waits no longer, a dead or cancelled one becomes pending again.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 202, body = api::Delivery)))]
pub(super) async fn retry(
    _: Change,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<(StatusCode, Json<api::Delivery>), Problem> {
    shared.engine.retry(id).await?;
    let kept = shared.engine.history().delivery(id).await?.ok_or_else(|| Problem::missing("delivery"))?;
    Ok((StatusCode::ACCEPTED, Json(delivery(kept, &shared))))
}

/// Retries all deliveries that are picked, the dead ones unless `status` says `pending` or `cancelled`, or only
/// counts them.
#[utoipa::path(post, path = "/api/v1/deliveries/retry", tag = "deliveries", security(("admin" = [])),
    request_body = api::Bulk, responses((status = 200, body = api::BulkResult)))]
pub(super) async fn retry_many(
    _: Change,
    State(shared): State<Shared>,
    Body(Many { wanted, bulk }): Body<Many>,
) -> Result<Json<api::BulkResult>, Problem> {
    if wanted
        .filter
        .status
        .is_some_and(|status| matches!(status, DeliveryStatus::Delivered | DeliveryStatus::Unanswered))
    {
        return Err(Problem::member(
            "status",
            "is `dead`, `cancelled` or `pending` here; what was delivered can be replayed",
        ));
    }
    let count = shared.engine.retry_many(wanted.at(shared.engine.now()), bulk).await?;
    Ok(Json(api::BulkResult { count, dry_run: bulk == Bulk::Count }))
}

/// Makes a new delivery of the same event to the same hook as one that has ended.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/replay", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 202, body = api::Delivery)))]
pub(super) async fn replay(
    _: Change,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<(StatusCode, Json<api::Delivery>), Problem> {
    let id = shared.engine.replay(id).await?;
    let kept = shared.engine.history().delivery(id).await?.ok_or_else(|| Problem::missing("delivery"))?;
    Ok((StatusCode::ACCEPTED, Json(delivery(kept, &shared))))
}

/// Replays all deliveries that are picked, the delivered ones unless `status` names others that have ended, or only
/// counts them. At least one member must narrow them.
#[utoipa::path(post, path = "/api/v1/deliveries/replay", tag = "deliveries", security(("admin" = [])),
    request_body = api::Bulk, responses((status = 200, body = api::BulkResult)))]
pub(super) async fn replay_many(
    _: Change,
    State(shared): State<Shared>,
    Body(Many { wanted, bulk }): Body<Many>,
) -> Result<Json<api::BulkResult>, Problem> {
    let DeliveryFilter { event, app, hook, name, code, status, .. } = &wanted.filter;
    if *status == Some(DeliveryStatus::Pending) {
        return Err(Problem::member(
            "status",
            "is that of deliveries that have ended here; what is pending can be retried",
        ));
    }
    let narrowed = event.is_some() || app.is_some() || hook.is_some() || name.is_some() || code.is_some();
    if !(narrowed || wanted.since.is_some() || wanted.until.is_some()) {
        return Err(Problem::new(
            ProblemCode::Invalid,
            "everything that was ever delivered is not sent once more: name `event`, `app`, `hook`, `name`, `code`, `since` or `until`",
        ));
    }
    let count = shared.engine.replay_many(wanted.at(shared.engine.now()), bulk).await?;
    Ok(Json(api::BulkResult { count, dry_run: bulk == Bulk::Count }))
}
