//! Handlers of `/api/v1/lanes`, and of cancelling one delivery.

use super::body::{JsonBody, OptionalJsonBody};
use super::deliveries;
use super::dto::parse;
use super::extract::{Admin, Change, Id, Shared};
use super::paging::Params;
use super::{AdminState, hooks, visible};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, List};
use footbridge_engine::{HookEntry, LaneReport, LaneStatus};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::hook_state::REASON_MAX;
use footbridge_model::id::{DeliveryId, HookId};
use footbridge_model::time::Millis;
use std::sync::Arc;

/// How many hooks one question to the journal is about.
const PORTION: usize = 250;

fn lane(report: LaneReport, now: Millis) -> api::Lane {
    let head_age = report.head_age(now).map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let head = report.head.map(|head| api::LaneHead {
        delivery_id: head.delivery.id.to_string(),
        event_id: head.delivery.event_id.to_string(),
        attempts: head.delivery.attempts,
        next_attempt_at: head.delivery.next_attempt_at.map(|at| at.to_string()),
        last_status: head.delivery.last_status,
        last_error: head.delivery.last_error,
    });
    let pause = report.hook.hook.paused.as_ref();
    api::Lane {
        hook: hooks::view(&report.hook),
        state: report.status.as_str().to_owned(),
        why: report.reason.map(|reason| reason.as_str().to_owned()),
        text: report.text,
        since: report.since.map(|since| since.to_string()),
        pending: report.pending,
        in_flight: report.in_flight as u64,
        head,
        head_age_ms: head_age,
        paused: pause.map(|pause| api::LanePause {
            at: pause.at.to_string(),
            by: pause.by.clone(),
            reason: pause.reason.clone(),
        }),
    }
}

/// Returns the lane of one hook.
async fn of_hook(shared: &AdminState, hook: Arc<HookEntry>) -> Result<Json<api::Lane>, Problem> {
    let reports = shared.engine.lanes(vec![hook]).await?;
    let report = reports.into_iter().next().ok_or_else(|| Problem::missing("hook"))?;
    Ok(Json(lane(report, shared.engine.now())))
}

/// Checks a reason: one line that is not too long.
fn reason(text: Option<String>) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    if text.chars().count() > REASON_MAX {
        return Err(Problem::member("reason", format_args!("is longer than {REASON_MAX} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::member("reason", "has control characters; write one line of text"));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// The error that is stored with a delivery which an operator cancels.
fn cancelled_by(caller: &AdminCaller, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("cancelled by `{}`: {reason}", caller.name),
        None => format!("cancelled by `{}`", caller.name),
    }
}

/// Lists the lanes, one for each hook, ordered by the id of the hook.
#[utoipa::path(get, path = "/api/v1/lanes", tag = "lanes", security(("admin" = [])),
    params(("app" = Option<String>, Query, description = "Lanes of hooks of this app"),
        ("state" = Option<String>, Query, description = "Lanes in this state: `idle`, `moving`, `waiting`, `standing`, `paused` or `off`"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "One page of lanes", body = List<api::Lane>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Lane>>, Problem> {
    let window = params.window("lanes", &["app", "state"])?;
    let (app, state) = (params.app("app")?, params.read::<LaneStatus>("state")?);
    let after = window.after(|text| text.parse::<HookId>().ok())?;
    let wanted = |entry: &Arc<HookEntry>| {
        after.is_none_or(|after| entry.hook.id > after) && caller.may_see(&entry.hook.app)
    };
    let all: Vec<_> = shared.engine.hooks(app.as_ref()).into_iter().filter(wanted).collect();
    let mut rows = Vec::new();
    for portion in all.chunks(PORTION.min(window.fetch())) {
        let reports = shared.engine.lanes(portion.to_vec()).await?;
        rows.extend(reports.into_iter().filter(|report| state.is_none_or(|state| report.status == state)));
        if rows.len() >= window.fetch() {
            break;
        }
    }
    let now = shared.engine.now();
    Ok(Json(window.list(rows, |report| report.hook.hook.id.to_string(), |report| lane(report, now))))
}

/// Shows the lane of a hook.
#[utoipa::path(get, path = "/api/v1/lanes/{hook}", tag = "lanes", security(("admin" = [])),
    params(("hook" = String, Path)), responses((status = 200, description = "The lane", body = api::Lane)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
) -> Result<Json<api::Lane>, Problem> {
    visible::hook(&shared, &caller, id)?;
    of_hook(&shared, shared.engine.hook(id)?).await
}

/// Pauses the lane of a hook: no attempt starts until it is resumed, also after a restart. Attempts in flight end normally,
/// and new events wait.
#[utoipa::path(post, path = "/api/v1/lanes/{hook}/pause", tag = "lanes", security(("admin" = [])),
    request_body = api::Reason, params(("hook" = String, Path)),
    responses((status = 200, description = "The lane, paused", body = api::Lane)))]
pub(super) async fn pause(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
    OptionalJsonBody(request): OptionalJsonBody<api::Reason>,
) -> Result<Json<api::Lane>, Problem> {
    visible::hook(&shared, &caller, id)?;
    let reason = reason(request.reason)?;
    let entry = shared.engine.acting_as(&*caller).pause_lane(id, reason.clone()).await?;
    tracing::info!(hook = %id, by = caller.name, reason, "a lane is paused");
    of_hook(&shared, entry).await
}

/// Resumes the lane of a hook. An ordered hook goes on in order.
#[utoipa::path(post, path = "/api/v1/lanes/{hook}/resume", tag = "lanes", security(("admin" = [])),
    params(("hook" = String, Path)),
    responses((status = 200, description = "The lane, which is not paused", body = api::Lane)))]
pub(super) async fn resume(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
) -> Result<Json<api::Lane>, Problem> {
    visible::hook(&shared, &caller, id)?;
    let entry = shared.engine.acting_as(&*caller).resume_lane(id).await?;
    tracing::info!(hook = %id, by = caller.name, "a lane is resumed");
    of_hook(&shared, entry).await
}

/// Cancels the oldest pending delivery of a hook, so that an ordered hook goes on with the next one.
#[utoipa::path(post, path = "/api/v1/lanes/{hook}/skip", tag = "lanes", security(("admin" = [])),
    request_body = api::Skip, params(("hook" = String, Path)),
    responses((status = 200, description = "The delivery, cancelled", body = api::Delivery),
        (status = 409, description = "`not_the_head`: another delivery is older. `not_pending`: it has ended")))]
pub(super) async fn skip(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(hook): Id<HookId>,
    JsonBody(request): JsonBody<api::Skip>,
) -> Result<Json<api::Delivery>, Problem> {
    visible::hook(&shared, &caller, hook)?;
    let delivery: DeliveryId = parse("delivery_id", &request.delivery_id, str::parse)?;
    let reason = reason(Some(request.reason))?
        .ok_or_else(|| Problem::member("reason", "is empty; say why the delivery is skipped"))?;
    let view = deliveries::find(&shared, &caller, delivery).await?;
    if view.hook.id != hook {
        return Err(Problem::member(
            "delivery_id",
            format_args!("names a delivery to the hook {}", view.hook.id),
        ));
    }
    shared.engine.acting_as(&*caller).skip_delivery(delivery, cancelled_by(&caller, Some(&reason))).await?;
    tracing::info!(%delivery, %hook, by = caller.name, reason, "the oldest delivery of a lane is cancelled");
    deliveries::shown(&shared, &caller, delivery).await
}

/// Cancels a pending delivery. If an attempt is in flight, its result is not recorded.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/cancel", tag = "deliveries", security(("admin" = [])),
    request_body = api::Reason, params(("id" = String, Path)),
    responses((status = 200, description = "The delivery, cancelled", body = api::Delivery),
        (status = 409, description = "`not_pending`: it has ended")))]
pub(super) async fn cancel(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<DeliveryId>,
    OptionalJsonBody(request): OptionalJsonBody<api::Reason>,
) -> Result<Json<api::Delivery>, Problem> {
    let reason = reason(request.reason)?;
    deliveries::find(&shared, &caller, id).await?;
    shared.engine.acting_as(&*caller).cancel_delivery(id, cancelled_by(&caller, reason.as_deref())).await?;
    tracing::info!(delivery = %id, by = caller.name, reason, "a delivery is cancelled");
    deliveries::shown(&shared, &caller, id).await
}
