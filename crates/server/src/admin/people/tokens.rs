//! Handlers of `/api/v1/tokens`: API tokens.

use super::super::body::JsonBody;
use super::super::dto::parse_optional;
use super::super::extract::{Admin, Change, Id, Shared};
use super::super::paging::Params;
use super::parse::{app_words, apps, permissions, role_name, words};
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::{MadeToken, TokenSpec};
use footbridge_model::id::{TokenId, UserId};
use footbridge_model::people::{ApiToken, User};
use footbridge_model::time::Millis;
use http::StatusCode;
use std::str::FromStr as _;

fn view(token: &ApiToken, users: &[User]) -> api::ApiToken {
    let name = |id: UserId| users.iter().find(|user| user.id == id).map(|user| user.name.to_string());
    api::ApiToken {
        id: token.id.to_string(),
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        permissions: words(token.permissions),
        apps: app_words(token.apps.as_ref()),
        user: token.user.and_then(name),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|at| at.to_string()),
        last_used_at: token.last_used_at.map(|at| at.to_string()),
    }
}

/// Lists the API tokens, oldest first: one's own, and with the permission `users.write` those of others that have no
/// more rights than the caller.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::ApiToken>)))]
pub(in super::super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::ApiToken>>, Problem> {
    let window = params.window("tokens", &[])?;
    let after = window.after(|text| text.parse::<TokenId>().ok())?;
    let people = shared.engine.people();
    let users = people.all().await?.users;
    let rows = window.of_sorted(people.tokens_for(&caller).await?, after.as_ref(), |token| token.id);
    Ok(Json(window.list(rows, |token| token.id.to_string(), |token| view(&token, &users))))
}

/// Creates an API token, which is shown this once. It never has more rights than its user has.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", security(("admin" = [])),
    request_body = api::NewApiToken, responses((status = 201, body = api::MadeApiToken)))]
pub(in super::super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewApiToken>,
) -> Result<impl IntoResponse, Problem> {
    let people = shared.engine.people();
    let limit = request.apps.as_deref().map(|names| apps(&shared, names)).transpose()?;
    let (permissions, apps) = match (&request.permissions, &request.role) {
        (Some(words), None) => (permissions(words)?, limit),
        (None, Some(role)) => {
            let role = people.role(&caller, &role_name("role", role)?).await?;
            (role.permissions, limit.or(role.apps))
        }
        _ => {
            let why = "name either `permissions` or `role`";
            return Err(Problem::new(ProblemCode::Invalid, why));
        }
    };
    let expires_at = parse_optional("expires_at", request.expires_at.as_deref(), Millis::from_str)?;
    let spec = TokenSpec { name: request.name, permissions, apps, expires_at };
    let MadeToken { secret, token } = people.add_token(&caller, spec).await?;
    let users = people.all().await?.users;
    let made = api::MadeApiToken { about: view(&token, &users), token: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Deletes an API token, which ends at once: one's own, or with the permission `users.write` one that has no more rights than
/// the caller.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 204)))]
pub(in super::super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    shared.engine.people().remove_token(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
