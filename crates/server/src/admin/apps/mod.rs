//! Handlers of `/api/v1/apps`.

mod parse;
mod view;

use super::body::{JsonBody, OptionalJsonBody};
use super::extract::{Admin, AppPath, Change, Shared};
use super::paging::Params;
use super::visible;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::{AppEntry, HookSpec};
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use http::{StatusCode, header};
use std::sync::Arc;

/// Lists the apps, by name.
#[utoipa::path(get, path = "/api/v1/apps", tag = "apps", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::App>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::App>>, Problem> {
    let window = params.window("apps", &[])?;
    let after = window.after(AppName::find)?;
    let name = |entry: &Arc<AppEntry>| entry.app.name.clone();
    let seen = shared.engine.apps().into_iter().filter(|entry| caller.may_see(&entry.app.name));
    let rows = window.of_sorted(seen, after.as_ref(), name);
    let now = shared.engine.now();
    Ok(Json(window.list(rows, |entry| entry.app.name.to_string(), |entry| view::app(&entry, now))))
}

/// Creates an app. Its secrets are shown this once.
#[utoipa::path(post, path = "/api/v1/apps", tag = "apps", security(("admin" = [])), request_body = api::NewApp,
    responses((status = 201, body = api::MadeApp, headers(("Location" = String)))))]
pub(super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewApp>,
) -> Result<impl IntoResponse, Problem> {
    let (spec, hooks) = parse::new_app(request)?;
    let name = spec.name.clone();
    if !caller.may_see(&name) {
        return Err(Problem::forbidden_scope(&caller, &format!("the new app would be `{name}`")));
    }
    let hooks: Vec<HookSpec> = hooks.into_iter().map(|hook| hook.into_spec(name.clone())).collect();
    let patterns: Vec<Pattern> = hooks.iter().map(|hook| hook.pattern.clone()).collect();
    let (entry, secrets) = shared.engine.acting_as(&*caller).add_app(spec, hooks).await?;
    let location = format!("/api/v1/apps/{name}");
    let warnings = shared.engine.warn_patterns(patterns.iter());
    let app = view::app(&entry, shared.engine.now());
    let view = api::MadeApp { app, made: view::shown(&secrets), warnings };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)))
}

/// Shows an app, without its secrets.
#[utoipa::path(get, path = "/api/v1/apps/{name}", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::App)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
) -> Result<Json<api::App>, Problem> {
    visible::app(&caller, &name)?;
    let entry = shared.engine.app(&name)?;
    Ok(Json(view::app(&entry, shared.engine.now())))
}

/// Changes an app. Members that are left out stay; `null` removes a value.
#[utoipa::path(patch, path = "/api/v1/apps/{name}", tag = "apps", security(("admin" = [])), request_body = api::AppPatch,
    params(("name" = String, Path)), responses((status = 200, body = api::App)))]
pub(super) async fn change(
    Change(caller): Change,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
    JsonBody(patch): JsonBody<api::AppPatch>,
) -> Result<Json<api::App>, Problem> {
    visible::app(&caller, &name)?;
    let entry = shared.engine.acting_as(&*caller).change_app(&name, parse::app_change(patch)?).await?;
    Ok(Json(view::app(&entry, shared.engine.now())))
}

/// Deletes an app with its hooks and links. Pending deliveries of its hooks are cancelled.
#[utoipa::path(delete, path = "/api/v1/apps/{name}", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
) -> Result<StatusCode, Problem> {
    visible::app(&caller, &name)?;
    shared.engine.acting_as(&*caller).remove_app(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows generated secrets that nobody has seen yet, such as those that the configuration file leaves out. Each is shown
/// once.
#[utoipa::path(post, path = "/api/v1/apps/{name}/secrets", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::ShownSecrets)))]
pub(super) async fn secrets(
    Change(caller): Change,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
) -> Result<Json<api::ShownSecrets>, Problem> {
    visible::app(&caller, &name)?;
    let made = shared.engine.acting_as(&*caller).show_secrets(&name).await?;
    let name = shared.engine.app(&name)?.app.name.to_string();
    Ok(Json(api::ShownSecrets { name, made: view::shown(&made) }))
}

/// Ends the overlap in which the previous secrets are valid beside the new ones.
#[utoipa::path(post, path = "/api/v1/apps/{name}/end-overlap", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::App)))]
pub(super) async fn end_overlap(
    Change(caller): Change,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
) -> Result<Json<api::App>, Problem> {
    visible::app(&caller, &name)?;
    let entry = shared.engine.acting_as(&*caller).end_overlap(&name, None).await?;
    Ok(Json(view::app(&entry, shared.engine.now())))
}

/// Rotates secrets. The new ones are shown this once; the previous ones stay valid for 24 hours, or end at once with `now`.
#[utoipa::path(post, path = "/api/v1/apps/{name}/rotate", tag = "apps", security(("admin" = [])),
    request_body = Option<api::Rotate>, params(("name" = String, Path)), responses((status = 200, body = api::Rotated)))]
pub(super) async fn rotate(
    Change(caller): Change,
    State(shared): State<Shared>,
    AppPath(name): AppPath,
    OptionalJsonBody(request): OptionalJsonBody<api::Rotate>,
) -> Result<Json<api::Rotated>, Problem> {
    visible::app(&caller, &name)?;
    let (which, overlap) = parse::rotation(request)?;
    let rotated = shared.engine.acting_as(&*caller).rotate(&name, which, overlap).await?;
    let name = shared.engine.app(&name)?.app.name.to_string();
    Ok(Json(view::rotated(name, &rotated)))
}
