//! Handlers of `/api/v1/hooks`.

use super::body::JsonBody;
use super::dto::{HookRequest, existing_app, in_flight, managed_by, parse, parse_optional};
use super::extract::{Admin, Change, Id, Shared};
use super::paging::Params;
use super::visible;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::{ChangeError, HookChange, HookEntry};
use footbridge_model::hook::{AnswerRule, Hook, HookOptions, HookType, Lifetime, Origin};
use footbridge_model::id::HookId;
use footbridge_model::pattern::Pattern;
use http::{StatusCode, header};
use std::str::FromStr;
use std::sync::Arc;

/// Renders a hook for an answer.
pub(super) fn view(entry: &HookEntry) -> api::Hook {
    view_of(&entry.hook)
}

/// Renders a hook that may be removed, or that is only assumed.
pub(super) fn view_of(hook: &Hook) -> api::Hook {
    let default = HookOptions::default();
    let HookOptions { answer, in_flight, ordered } = hook.options;
    api::Hook {
        id: hook.id.to_string(),
        app: hook.app.to_string(),
        publisher: hook.pattern.publisher.as_str().to_owned(),
        event: hook.pattern.event.as_str().to_owned(),
        route: hook.route.clone(),
        kind: hook.kind.as_str().to_owned(),
        transient: hook.lifetime == Lifetime::Transient,
        enabled: hook.enabled,
        created_at: hook.created_at.to_string(),
        answer: (answer != default.answer).then(|| answer.as_str().to_owned()),
        in_flight: Some(in_flight).filter(|in_flight| *in_flight != default.in_flight),
        ordered: Some(ordered).filter(|ordered| *ordered != default.ordered),
        managed_by: (hook.origin != Origin::Api).then(|| managed_by(hook.origin)),
    }
}

/// Reads the change of a hook.
fn hook_change(patch: api::HookPatch) -> Result<HookChange, Problem> {
    let change = HookChange {
        enabled: patch.enabled,
        route: patch.route,
        kind: parse_optional("type", patch.kind.as_deref(), HookType::from_str)?,
        answer: parse_optional("answer", patch.answer.as_deref(), AnswerRule::from_str)?,
        in_flight: in_flight("", patch.in_flight)?,
        ordered: patch.ordered,
    };
    if change == HookChange::default() {
        return Err(Problem::new(
            ProblemCode::Invalid,
            "the request changes nothing: name `enabled`, `route`, `type`, `answer`, `in_flight` or `ordered`",
        ));
    }
    Ok(change)
}

/// Lists the hooks, oldest first.
#[utoipa::path(get, path = "/api/v1/hooks", tag = "hooks", security(("admin" = [])),
    params(("app" = Option<String>, Query, description = "Hooks of this app"),
        ("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Hook>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Hook>>, Problem> {
    let window = params.window("hooks", &["app"])?;
    let app = params.app("app")?;
    let after = window.after(|text| text.parse::<HookId>().ok())?;
    let seen = shared.engine.hooks(app.as_ref()).into_iter().filter(|entry| caller.may_see(&entry.hook.app));
    let rows = window.of_sorted(seen, after.as_ref(), |entry| entry.hook.id);
    let id = |entry: &Arc<HookEntry>| entry.hook.id.to_string();
    Ok(Json(window.list(rows, id, |entry| view(&entry))))
}

/// Creates a persistent hook, or returns the one that the app already has.
#[utoipa::path(post, path = "/api/v1/hooks", tag = "hooks", security(("admin" = [])), request_body = api::NewHook,
    responses((status = 201, body = api::MadeHook, headers(("Location" = String)))))]
pub(super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewHook>,
) -> Result<impl IntoResponse, Problem> {
    let api::NewHook { app, pattern, route, kind, answer, in_flight, ordered } = request;
    let app = parse("app", &app, existing_app)?;
    let pattern = parse("pattern", &pattern, Pattern::parse)?;
    let target = api::HookTarget { route, kind, answer, in_flight, ordered };
    let hook = HookRequest::new("", pattern, target)?;
    let unknown = || Problem::member("app", format_args!("names `{app}`, which does not exist"));
    if !caller.may_see(&app) {
        return Err(unknown());
    }
    let entry =
        shared.engine.acting_as(&*caller).add_hook(hook.into_spec(app.clone())).await.map_err(|error| {
            match error {
                ChangeError::NotFound(_) | ChangeError::NoApp(_) => unknown(),
                other => other.into(),
            }
        })?;
    let location = format!("/api/v1/hooks/{}", entry.hook.id);
    let warnings = shared.engine.warn_patterns(std::iter::once(&entry.hook.pattern));
    let made = api::MadeHook { hook: view(&entry), warnings };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)))
}

/// Shows one hook by its id.
#[utoipa::path(get, path = "/api/v1/hooks/{id}", tag = "hooks", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::Hook)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
) -> Result<Json<api::Hook>, Problem> {
    visible::hook(&shared, &caller, id)?;
    Ok(Json(view(&*shared.engine.hook(id)?)))
}

/// Changes a hook. The hook keeps its id, and pending deliveries follow it; attempts in progress end at the previous
/// target. `enabled: true` also enables a hook again after its receiver answered 410.
#[utoipa::path(patch, path = "/api/v1/hooks/{id}", tag = "hooks", security(("admin" = [])), request_body = api::HookPatch,
    params(("id" = String, Path)), responses((status = 200, body = api::Hook)))]
pub(super) async fn change(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
    JsonBody(patch): JsonBody<api::HookPatch>,
) -> Result<Json<api::Hook>, Problem> {
    let change = hook_change(patch)?;
    visible::hook(&shared, &caller, id)?;
    let entry = shared.engine.acting_as(&*caller).change_hook(id, change).await?;
    Ok(Json(view(&entry)))
}

/// Deletes a hook. Its pending deliveries are cancelled.
#[utoipa::path(delete, path = "/api/v1/hooks/{id}", tag = "hooks", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<HookId>,
) -> Result<StatusCode, Problem> {
    visible::hook(&shared, &caller, id)?;
    shared.engine.acting_as(&*caller).remove_hook(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
