//! Handlers of `/api/v1/users`: users of the console.

use super::super::body::JsonBody;
use super::super::extract::{Admin, Change, Id, Shared};
use super::super::paging::Params;
use super::parse::{role_name, user_name};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::{UserChange, UserSpec};
use footbridge_model::id::UserId;
use footbridge_model::people::{User, UserName};
use http::{StatusCode, header};

/// Shows a user. The address and the time of the last visit of a user who has more rights than the caller are left out.
fn view_for((user, within): &(User, bool)) -> api::User {
    let mut view = view(user);
    if !within {
        (view.email, view.last_seen_at) = (None, None);
    }
    view
}

fn view(user: &User) -> api::User {
    api::User {
        id: user.id.to_string(),
        name: user.name.to_string(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        role: user.role.as_ref().map(ToString::to_string),
        enabled: user.enabled,
        source: if user.oidc.is_some() { "oidc" } else { "local" }.to_owned(),
        has_password: user.password.is_some(),
        created_at: user.created_at.to_string(),
        last_seen_at: user.last_seen_at.map(|at| at.to_string()),
    }
}

/// Lists the users, by name. `email` and `last_seen_at` of users who have more rights than the caller are `null`; a caller that
/// is limited to some apps does not get these users.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::User>)))]
pub(in super::super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::User>>, Problem> {
    let window = params.window("users", &[])?;
    let after = window.after(|text| UserName::parse(text).ok())?;
    let users = shared.engine.people().users_for(&caller).await?;
    let rows = window.of_sorted(users, after.as_ref(), |(user, _)| user.name.clone());
    Ok(Json(window.list(rows, |(user, _)| user.name.to_string(), |user| view_for(&user))))
}

/// Creates a user. Nobody can give a role that has more permissions than they have themselves.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", security(("admin" = [])), request_body = api::NewUser,
    responses((status = 201, body = api::User, headers(("Location" = String)))))]
pub(in super::super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewUser>,
) -> Result<impl IntoResponse, Problem> {
    let spec = UserSpec {
        name: user_name(&request.name)?,
        display_name: request.display_name,
        email: request.email,
        role: role_name("role", &request.role)?,
        password: request.password,
    };
    let user = shared.engine.people().add_user(&caller, spec).await?;
    let location = format!("/api/v1/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(&user))))
}

/// Shows the user with this id.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 200, body = api::User)))]
pub(in super::super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<UserId>,
) -> Result<Json<api::User>, Problem> {
    let users = shared.engine.people().users_for(&caller).await?;
    let user = users.iter().find(|(user, _)| user.id == id);
    Ok(Json(view_for(user.ok_or_else(|| Problem::missing("user"))?)))
}

/// Changes a user. A new role, a new password and `enabled: false` end the user's sessions.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", security(("admin" = [])),
    request_body = api::UserPatch, params(("id" = String, Path)), responses((status = 200, body = api::User)))]
pub(in super::super) async fn change(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<UserId>,
    JsonBody(patch): JsonBody<api::UserPatch>,
) -> Result<Json<api::User>, Problem> {
    let api::UserPatch { display_name, email, role, enabled, password } = patch;
    let role = role.as_deref().map(|role| role_name("role", role)).transpose()?;
    let change = UserChange { display_name, email, role, enabled, password };
    Ok(Json(view(&shared.engine.people().change_user(&caller, id, change).await?)))
}

/// Deletes a user. The user's sessions and tokens end at once.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 204)))]
pub(in super::super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<UserId>,
) -> Result<StatusCode, Problem> {
    shared.engine.people().remove_user(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
