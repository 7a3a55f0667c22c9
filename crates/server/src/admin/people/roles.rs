//! Handlers of `/api/v1/roles`: roles, which are sets of permissions.

use super::super::body::JsonBody;
use super::super::extract::{Admin, Change, RolePath, Shared};
use super::super::paging::Params;
use super::parse::{app_words, apps, permissions, role_name, words};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_model::people::{Role, RoleName};
use http::{StatusCode, header};

fn view(role: &Role) -> api::Role {
    api::Role {
        name: role.name.to_string(),
        permissions: words(role.permissions),
        apps: app_words(role.apps.as_ref()),
        builtin: Role::find_built_in(&role.name).is_some(),
    }
}

/// Lists the roles, by name. A caller that is limited to some apps gets those that give no more rights than it has.
#[utoipa::path(get, path = "/api/v1/roles", tag = "roles", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Role>)))]
pub(in super::super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Role>>, Problem> {
    let window = params.window("roles", &[])?;
    let after = window.after(|text| RoleName::parse(text).ok())?;
    let mut roles = shared.engine.people().roles(&caller).await?;
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    let rows = window.of_sorted(roles, after.as_ref(), |role| role.name.clone());
    Ok(Json(window.list(rows, |role| role.name.to_string(), |role| view(&role))))
}

/// Creates a role. Nobody can give permissions that they do not have themselves.
#[utoipa::path(post, path = "/api/v1/roles", tag = "roles", security(("admin" = [])), request_body = api::NewRole,
    responses((status = 201, body = api::Role, headers(("Location" = String)))))]
pub(in super::super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewRole>,
) -> Result<impl IntoResponse, Problem> {
    let role = Role {
        name: role_name("name", &request.name)?,
        permissions: permissions(&request.permissions)?,
        apps: request.apps.as_deref().map(|names| apps(&shared, names)).transpose()?,
    };
    let role = shared.engine.people().add_role(&caller, role).await?;
    let location = format!("/api/v1/roles/{}", role.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(&role))))
}

/// Shows the role of this name.
#[utoipa::path(get, path = "/api/v1/roles/{name}", tag = "roles", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 200, body = api::Role)))]
pub(in super::super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    RolePath(name): RolePath,
) -> Result<Json<api::Role>, Problem> {
    Ok(Json(view(&shared.engine.people().role(&caller, &name).await?)))
}

/// Changes a role. Its users have the new permissions at once. Built-in roles cannot be changed.
#[utoipa::path(patch, path = "/api/v1/roles/{name}", tag = "roles", security(("admin" = [])),
    request_body = api::RolePatch, params(("name" = String, Path)), responses((status = 200, body = api::Role)))]
pub(in super::super) async fn change(
    Change(caller): Change,
    State(shared): State<Shared>,
    RolePath(name): RolePath,
    JsonBody(patch): JsonBody<api::RolePatch>,
) -> Result<Json<api::Role>, Problem> {
    let new_permissions = patch.permissions.as_deref().map(permissions).transpose()?;
    let new_apps =
        patch.apps.map(|names| names.as_deref().map(|names| apps(&shared, names)).transpose()).transpose()?;
    let change = |role: Role| Role {
        permissions: new_permissions.unwrap_or(role.permissions),
        apps: new_apps.unwrap_or(role.apps),
        name: role.name,
    };
    Ok(Json(view(&shared.engine.people().change_role(&caller, &name, change).await?)))
}

/// Deletes a role. A role that a user has is not deleted.
#[utoipa::path(delete, path = "/api/v1/roles/{name}", tag = "roles", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 204)))]
pub(in super::super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    RolePath(name): RolePath,
) -> Result<StatusCode, Problem> {
    shared.engine.people().remove_role(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
