//! `/api/v1/deliveries`.

use super::AdminState;
use super::body::{Body, Fields, FromFields};
use super::extract::{Admin, Change, Id, Shared};
use super::page::{List, Params};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_engine::{DeliveryFilter, DeliveryView as Kept};
use footbridge_model::delivery::{Attempt, DeliveryStatus};
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use std::str::FromStr;
use utoipa::ToSchema;

/// One event on its way to one hook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    #[schema(value_type = String, example = "dlv_0f7m2k9x4c1aa")]
    id: DeliveryId,
    #[schema(value_type = String)]
    event_id: EventId,
    #[schema(value_type = String)]
    hook_id: HookId,
    /// Whose hook it is.
    #[schema(value_type = String)]
    app: AppName,
    /// Where it goes; the hook's route when the hook is gone.
    url: String,
    /// `pending`, `delivered`, `unanswered`, `dead` or `cancelled`.
    #[schema(value_type = String, example = "delivered")]
    status: DeliveryStatus,
    attempts: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Millis>,
    last_status: Option<u16>,
    last_error: Option<String>,
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryDetail)]
pub(super) struct DeliveryDetailView {
    #[serde(flatten)]
    delivery: DeliveryView,
    attempt_log: Vec<AttemptView>,
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView {
    /// Its number; the first is 1.
    n: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Millis,
    status: Option<u16>,
    error: Option<String>,
    ms: u32,
    /// What a function returned and wrote: `{"value", "log"}`. Absent for every other receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    output: Option<Box<RawValue>>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let Attempt { n, at, status, error, ms, output } = attempt;
        let output = output.and_then(|output| RawValue::from_string(output).ok());
        Self { n, at, status, error, ms, output }
    }
}

impl DeliveryView {
    fn of(kept: Kept, shared: &AdminState) -> Self {
        let Kept { delivery, hook, .. } = kept;
        let url = match shared.engine.hook(hook.id) {
            Ok(entry) => entry.url().to_owned(),
            Err(_) => hook.route,
        };
        Self {
            id: delivery.id,
            event_id: delivery.event_id,
            hook_id: delivery.hook_id,
            app: hook.app,
            url,
            status: delivery.status,
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

/// Which dead deliveries to retry.
#[derive(Debug, ToSchema)]
pub(super) struct RetryMany {
    /// Only of this event.
    #[schema(value_type = Option<String>)]
    event: Option<EventId>,
    /// Only to hooks of this app.
    #[schema(value_type = Option<String>)]
    app: Option<AppName>,
    /// Only to this hook.
    #[schema(value_type = Option<String>)]
    hook: Option<HookId>,
    /// `dead`, the only status that many can be retried from.
    #[schema(value_type = Option<String>, example = "dead")]
    #[expect(dead_code, reason = "only checked")]
    status: (),
    /// Only count them.
    dry_run: Option<bool>,
}

impl FromFields for RetryMany {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        let dead = |text: &str| {
            if text == "dead" { Ok(()) } else { Err("only dead deliveries are retried together") }
        };
        Ok(Self {
            event: fields.optional_as("event", EventId::from_str)?,
            app: fields
                .optional_as("app", |text| AppName::any(text).ok_or("it is not the name of an app"))?,
            hook: fields.optional_as("hook", HookId::from_str)?,
            status: fields.optional_as("status", dead)?.unwrap_or_default(),
            dry_run: fields.optional("dry_run")?,
        })
    }
}

/// How many deliveries were retried, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetriedMany {
    count: u64,
    dry_run: bool,
}

/// Lists the deliveries, newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", security(("admin" = [])),
    params(("event" = Option<String>, Query, description = "Only of this event"),
        ("app" = Option<String>, Query, description = "Only to hooks of this app"),
        ("hook" = Option<String>, Query, description = "Only to this hook"),
        ("status" = Option<String>, Query, description = "Only with this status"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<DeliveryView>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<DeliveryView>>, Problem> {
    let window = params.window("deliveries", &["event", "app", "hook", "status"])?;
    let filter = DeliveryFilter {
        event: params.read("event")?,
        app: params.app("app")?,
        hook: params.read("hook")?,
        status: params.read("status")?,
    };
    let page = window.of_journal(DeliveryId::number)?;
    let rows = shared.engine.journal().deliveries(filter, page).await?;
    let id = |kept: &Kept| kept.delivery.id.to_string();
    Ok(Json(window.list(rows, id, |kept| DeliveryView::of(kept, &shared))))
}

/// Shows a delivery with its attempts.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = DeliveryDetailView)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<Json<DeliveryDetailView>, Problem> {
    let mut kept = shared.engine.journal().delivery(id).await?.ok_or_else(|| Problem::missing("delivery"))?;
    let attempt_log = std::mem::take(&mut kept.attempts).into_iter().map(AttemptView::from).collect();
    Ok(Json(DeliveryDetailView { delivery: DeliveryView::of(kept, &shared), attempt_log }))
}

/// Makes a dead or cancelled delivery pending again, due at once.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "deliveries", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 202, body = DeliveryView)))]
pub(super) async fn retry(
    _: Change,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    shared.engine.retry(id).await?;
    let kept = shared.engine.journal().delivery(id).await?.ok_or_else(|| Problem::missing("delivery"))?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryView::of(kept, &shared))))
}

/// Makes all dead deliveries that are picked pending again, or only counts them.
#[utoipa::path(post, path = "/api/v1/deliveries/retry", tag = "deliveries", security(("admin" = [])),
    request_body = RetryMany, responses((status = 200, body = RetriedMany)))]
pub(super) async fn retry_many(
    _: Change,
    State(shared): State<Shared>,
    Body(many): Body<RetryMany>,
) -> Result<Json<RetriedMany>, Problem> {
    let status = Some(DeliveryStatus::Dead);
    let filter = DeliveryFilter { event: many.event, app: many.app, hook: many.hook, status };
    let dry_run = many.dry_run.unwrap_or(false);
    let count = if dry_run {
        shared.engine.journal().count_dead(filter).await?
    } else {
        shared.engine.retry_dead(filter).await?
    };
    Ok(Json(RetriedMany { count, dry_run }))
}
