//! Handlers of `/api/v1/sessions`: sessions of the console.

use super::super::extract::{Admin, Change, Id, Shared};
use super::super::paging::Params;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api::{self as api, List};
use footbridge_model::admin_caller::{AdminCaller, Credential};
use footbridge_model::id::SessionId;
use footbridge_model::people::{ConsoleSession, User};
use http::StatusCode;

fn view(session: &ConsoleSession, user: Option<&User>, caller: &AdminCaller) -> api::ConsoleSession {
    api::ConsoleSession {
        id: session.id.to_string(),
        user: user.map(|user| user.name.to_string()),
        made_at: session.made_at.to_string(),
        last_seen_at: session.seen_at.to_string(),
        from: session.address.map(|address| address.to_string()),
        agent: session.agent.clone(),
        current: caller.credential == Credential::Session(session.id),
    }
}

/// Lists the sessions of the console, oldest first: one's own, and with the permission `users.write` those of others
/// that have no more rights than the caller.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::ConsoleSession>)))]
pub(in super::super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::ConsoleSession>>, Problem> {
    let window = params.window("sessions", &[])?;
    let after = window.after(|text| text.parse::<SessionId>().ok())?;
    let found = shared.engine.people().sessions_for(&caller).await?;
    let rows = window.of_sorted(found, after.as_ref(), |(session, _)| session.id);
    let id = |(session, _): &(ConsoleSession, Option<User>)| session.id.to_string();
    Ok(Json(window.list(rows, id, |(session, user)| view(&session, user.as_ref(), &caller))))
}

/// Ends a session. Its next request is refused, and its streams end at once.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "sessions", security(("admin" = [])),
    params(("id" = String, Path)), responses((status = 204)))]
pub(in super::super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Problem> {
    shared.engine.people().end_session(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
