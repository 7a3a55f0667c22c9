//! Handlers of `/api/v1/jobs`: dry runs, jobs and their items.

use super::body::JsonBody;
use super::deliveries::delivery;
use super::dto::{parse, parse_optional};
use super::extract::{Admin, Change, Id, Shared};
use super::paging::Params;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use footbridge_api::{self as api, List};
use footbridge_engine::{Counted, JobPreview, JobRequest};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::{HookId, JobId, made_at};
use footbridge_model::job::{Job, JobItem, JobKind};
use footbridge_model::permission::Permission;
use footbridge_model::query::Query;
use footbridge_model::time::Millis;
use http::{StatusCode, header};
use std::str::FromStr;

/// The longest reason, in bytes.
const REASON_MAX: usize = 1000;

/// Renders a job for an answer.
fn view(job: Job, now: Millis) -> api::Job {
    let Job { id, spec, state, progress } = job;
    let done = progress.done();
    let ended = progress.ended_at.unwrap_or(now.0);
    let seconds = progress.started_at.map_or(0, |started| ended.saturating_sub(started).max(1));
    #[expect(clippy::cast_precision_loss, reason = "a rate is not exact")]
    let rate =
        if seconds == 0 { 0.0 } else { (done * 10_000).wrapping_div(seconds.unsigned_abs()) as f64 / 10.0 };
    let time = |at: Option<i64>| at.map(|at| Millis(at).to_string());
    let reasons = progress.skipped.iter().map(|(reason, count)| (reason.clone(), *count)).collect();
    api::Job {
        id: id.to_string(),
        kind: spec.kind.as_str().to_owned(),
        q: spec.query,
        hook: spec.hook.map(|hook| hook.to_string()),
        state: state.as_str().to_owned(),
        matched: progress.matched,
        done,
        ok: progress.ok,
        failed: progress.failed,
        waiting: progress.waiting,
        skipped: reason_counts(reasons),
        pace: spec.pace,
        stop_after: spec.stop_after,
        rate,
        by: spec.by.name,
        reason: spec.reason,
        made_at: made_at(id.number()).to_string(),
        started_at: time(progress.started_at),
        ended_at: time(progress.ended_at),
        text: progress.text,
    }
}

fn reason_counts(counts: Counted) -> Vec<api::ReasonCount> {
    counts.into_iter().map(|(reason, count)| api::ReasonCount { reason, count }).collect()
}

fn value_counts(counts: Counted) -> Vec<api::ValueCount> {
    counts.into_iter().map(|(value, count)| api::ValueCount { value, count }).collect()
}

/// Reads the request for a job.
fn request(caller: &AdminCaller, new: api::NewJob) -> Result<JobRequest, Problem> {
    let api::NewJob { kind, q, hook, dry_run: _, pace, stop_after, reason } = new;
    let query = parse("q", &q, Query::parse)?;
    if query.body_tests().next().is_some() {
        Problem::require(caller, Permission::PayloadsRead)?;
    }
    if reason.as_ref().is_some_and(|reason| reason.len() > REASON_MAX) {
        return Err(Problem::member("reason", format_args!("is longer than {REASON_MAX} bytes")));
    }
    Ok(JobRequest {
        kind: parse("kind", &kind, JobKind::from_str)?,
        query,
        hook: parse_optional("hook", hook.as_deref(), HookId::from_str)?,
        pace,
        stop_after,
        reason,
        scope: caller.apps.clone(),
    })
}

/// Starts a job: retries, replays or cancels all deliveries that match a query, in the background and at a chosen pace. The
/// job survives a restart of the server. With `dry_run`, only counts what it would do. Jobs with the same receiver run one
/// after the other.
#[utoipa::path(post, path = "/api/v1/jobs", tag = "jobs", security(("admin" = [])), request_body = api::NewJob,
    responses((status = 201, body = api::Job, headers(("Location" = String))),
        (status = 200, description = "Answer of a dry run", body = api::JobPreview)))]
pub(super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(new): JsonBody<api::NewJob>,
) -> Result<Response, Problem> {
    let dry_run = new.dry_run;
    let request = request(&caller, new)?;
    if let Some(hook) = request.hook {
        super::visible::hook(&shared, &caller, hook)?;
    }
    let engine = shared.engine.acting_as(&*caller);
    if dry_run {
        let found = engine.preview_job(request).await?;
        return Ok(Json(preview(found, &shared)).into_response());
    }
    let job = view(engine.create_job(request).await?, engine.now());
    let location = format!("/api/v1/jobs/{}", job.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(job)).into_response())
}

fn preview(found: JobPreview, shared: &Shared) -> api::JobPreview {
    api::JobPreview {
        matched: found.matched,
        apps: found.apps,
        oldest: found.oldest.map(|at| at.to_string()),
        by_code: value_counts(found.by_code),
        by_name: value_counts(found.by_name),
        by_app: value_counts(found.by_app),
        skip: reason_counts(found.skip),
        sample: found.sample.into_iter().map(|view| delivery(view, shared)).collect(),
        searched: api::Searched {
            to: found.stopped_at.map(|at| at.to_string()),
            rows: found.looked_at,
            more: found.stopped_at.is_some(),
        },
    }
}

/// Returns a job that the caller sees: a caller with chosen apps sees only jobs that were limited to these apps.
async fn find(shared: &Shared, caller: &AdminCaller, id: JobId) -> Result<Job, Problem> {
    let job = shared.engine.job(id).await?.ok_or_else(|| Problem::missing("job"))?;
    if sees(caller, &job) { Ok(job) } else { Err(Problem::missing("job")) }
}

fn sees(caller: &AdminCaller, job: &Job) -> bool {
    match (&caller.apps, &job.spec.scope) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(scope)) => scope.is_subset(own),
    }
}

/// Lists the jobs, newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Job>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Job>>, Problem> {
    let window = params.window("jobs", &[])?;
    let page = window.of_journal(JobId::number)?;
    let jobs = shared.engine.jobs(page).await?;
    let (mut jobs, next) = window.cut(jobs, |job: &Job| job.id.to_string());
    jobs.retain(|job| sees(&caller, job));
    let now = shared.engine.now();
    Ok(Json(List { data: jobs.into_iter().map(|job| view(job, now)).collect(), next }))
}

/// Shows one job with its progress.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::Job)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<JobId>,
) -> Result<Json<api::Job>, Problem> {
    Ok(Json(view(find(&shared, &caller, id).await?, shared.engine.now())))
}

/// Stops a job. Deliveries that it has begun end normally. A job that has ended stays as it is.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/stop", tag = "jobs", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::Job)))]
pub(super) async fn stop(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<JobId>,
) -> Result<Json<api::Job>, Problem> {
    find(&shared, &caller, id).await?;
    let job = shared.engine.acting_as(&*caller).stop_job(id).await?;
    Ok(Json(view(job, shared.engine.now())))
}

/// Lists what became of each delivery of a job, oldest first.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/items", tag = "jobs", security(("admin" = [])),
    params(("id" = String, Path),
        ("outcome" = Option<String>, Query, description = "Items with this outcome: `ok`, `failed`, `skipped` or `waiting`"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::JobItem>)))]
pub(super) async fn items(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<JobId>,
    params: Params,
) -> Result<Json<List<api::JobItem>>, Problem> {
    let window = params.window("job items", &["outcome"])?;
    find(&shared, &caller, id).await?;
    let outcome = params.read("outcome")?;
    let after: Option<u64> = window.after(|text| text.parse().ok())?;
    let limit = u32::try_from(window.fetch()).unwrap_or(u32::MAX);
    let items = shared.engine.job_items(id, outcome, after, limit).await?;
    Ok(Json(window.list(
        items,
        |item: &JobItem| item.source.to_string(),
        |item| api::JobItem {
            delivery_id: item.delivery.map(|id| id.to_string()),
            event_id: item.event.to_string(),
            app: item.app,
            outcome: item.outcome.as_str().to_owned(),
            text: item.text,
        },
    )))
}
