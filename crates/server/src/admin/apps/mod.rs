//! `/api/v1/apps`.

mod parse;
mod view;

use self::parse::{NewApp, PatchApp, Rotate};
use super::body::{Body, MaybeBody};
use super::extract::{Admin, Change, Named, Shared};
use super::page::Params;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::{AppEntry, HookSpec, MadeSecrets};
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use http::{StatusCode, header};
use std::sync::Arc;

pub(super) use view::managed_by;

/// Lists the apps, by name.
#[utoipa::path(get, path = "/api/v1/apps", tag = "apps", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::App>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::App>>, Problem> {
    let window = params.window("apps", &[])?;
    let after = window.after(AppName::find)?;
    let name = |entry: &Arc<AppEntry>| entry.app.name.clone();
    let rows = window.of_sorted(shared.engine.apps(), after.as_ref(), name);
    let now = shared.engine.now();
    Ok(Json(window.list(rows, |entry| entry.app.name.to_string(), |entry| view::app(&entry, now))))
}

/// Makes an app. Its secrets are shown this once.
#[utoipa::path(post, path = "/api/v1/apps", tag = "apps", security(("admin" = [])), request_body = NewApp,
    responses((status = 201, body = api::MadeApp, headers(("Location" = String)))))]
pub(super) async fn create(
    _: Change,
    State(shared): State<Shared>,
    Body(new): Body<NewApp>,
) -> Result<impl IntoResponse, Problem> {
    let name = new.spec.name.clone();
    let hooks: Vec<HookSpec> = new.hooks.into_iter().map(|hook| hook.of(name.clone())).collect();
    let patterns: Vec<Pattern> = hooks.iter().map(|hook| hook.pattern.clone()).collect();
    let (entry, secrets) = shared.engine.add_app(new.spec, hooks).await?;
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
    _: Admin,
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<Json<api::App>, Problem> {
    let entry = shared.engine.app(&name)?;
    Ok(Json(view::app(&entry, shared.engine.now())))
}

/// Changes an app: what is left out stays, `null` takes away.
#[utoipa::path(patch, path = "/api/v1/apps/{name}", tag = "apps", security(("admin" = [])), request_body = PatchApp,
    params(("name" = String, Path)), responses((status = 200, body = api::App)))]
pub(super) async fn change(
    _: Change,
    State(shared): State<Shared>,
    Named(name): Named,
    Body(patch): Body<PatchApp>,
) -> Result<Json<api::App>, Problem> {
    let entry = shared.engine.change_app(&name, patch.change).await?;
    Ok(Json(view::app(&entry, shared.engine.now())))
}

/// Deletes an app with its hooks and links. Pending deliveries of those hooks become cancelled.
#[utoipa::path(delete, path = "/api/v1/apps/{name}", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    _: Change,
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<StatusCode, Problem> {
    shared.engine.remove_app(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the secrets that were made here and that nobody has seen yet, such as those that the configuration file leaves
/// out. Each is shown once.
#[utoipa::path(post, path = "/api/v1/apps/{name}/secrets", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::ShownSecrets)))]
pub(super) async fn secrets(
    _: Change,
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<Json<api::ShownSecrets>, Problem> {
    let made = shared.engine.show_secrets(&name).await?;
    let name = shared.engine.app(&name)?.app.name.to_string();
    Ok(Json(api::ShownSecrets { name, made: view::shown(&made) }))
}

/// Ends the time in which secrets that were replaced count beside the new ones.
#[utoipa::path(post, path = "/api/v1/apps/{name}/end-overlap", tag = "apps", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::App)))]
pub(super) async fn end_overlap(
    _: Change,
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<Json<api::App>, Problem> {
    let entry = shared.engine.end_overlap(&name).await?;
    Ok(Json(view::app(&entry, shared.engine.now())))
}

/// Replaces secrets. The new ones are shown this once; the old ones count for another 24 hours, or with `now` no longer.
#[utoipa::path(post, path = "/api/v1/apps/{name}/rotate", tag = "apps", security(("admin" = [])),
    request_body = Option<Rotate>, params(("name" = String, Path)), responses((status = 200, body = api::Rotated)))]
pub(super) async fn rotate(
    _: Change,
    State(shared): State<Shared>,
    Named(name): Named,
    MaybeBody(rotate): MaybeBody<Rotate>,
) -> Result<Json<api::Rotated>, Problem> {
    let made: MadeSecrets = shared.engine.rotate(&name, rotate.which, rotate.overlap).await?;
    let entry = shared.engine.app(&name)?;
    Ok(Json(view::rotated(&entry, &made)))
}
