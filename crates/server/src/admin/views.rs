//! Handlers of `/api/v1/views`: the saved views of the caller.

use super::body::JsonBody;
use super::extract::{Admin, Change, Shared};
use super::paging::Params;
use crate::problem::{Problem, ProblemCode};
use axum::Json;
use axum::extract::{Path, State};
use footbridge_api::{self as api, List};
use footbridge_engine::SavedView;
use footbridge_model::admin_caller::AdminCaller;
use http::StatusCode;

/// The longest name, and the longest text of the other members, in bytes.
const NAME_MAX: usize = 100;
const TEXT_MAX: usize = 4000;
/// The most views of one owner.
const MOST: u32 = 200;

fn view(saved: SavedView) -> api::View {
    let SavedView { name, screen, query } = saved;
    api::View { name, screen, query }
}

/// The owner of the views that a caller sees: a user or a token.
fn owner(caller: &AdminCaller) -> String {
    format!("{}:{}", caller.kind.as_str(), caller.name)
}

/// Lists the saved views of the caller, by name.
#[utoipa::path(get, path = "/api/v1/views", tag = "views", security(("admin" = [])),
    responses((status = 200, body = List<api::View>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::View>>, Problem> {
    params.refuse_others(&[])?;
    let views = shared.engine.views(owner(&caller)).await?;
    Ok(Json(List { data: views.into_iter().map(view).collect(), next: None }))
}

/// Saves a view of the caller, in place of the one of the same name.
#[utoipa::path(put, path = "/api/v1/views/{name}", tag = "views", security(("admin" = [])), request_body = api::NewView,
    params(("name" = String, Path)), responses((status = 200, body = api::View)))]
pub(super) async fn put(
    Change(caller): Change,
    State(shared): State<Shared>,
    Path(name): Path<String>,
    JsonBody(new): JsonBody<api::NewView>,
) -> Result<Json<api::View>, Problem> {
    let api::NewView { screen, query } = new;
    if name.trim().is_empty() || name.len() > NAME_MAX {
        let why = format!("the name of a view has 1 to {NAME_MAX} bytes and is not blank");
        return Err(Problem::new(ProblemCode::Invalid, why));
    }
    for (member, text) in [("screen", &screen), ("query", &query)] {
        if text.len() > TEXT_MAX {
            return Err(Problem::member(member, format_args!("is longer than {TEXT_MAX} bytes")));
        }
    }
    let saved = SavedView { name, screen, query };
    if !shared.engine.put_view(owner(&caller), saved.clone(), MOST).await? {
        let why = format!("you have {MOST} views already; delete one first");
        return Err(Problem::new(ProblemCode::Invalid, why));
    }
    Ok(Json(view(saved)))
}

/// Deletes a saved view of the caller.
#[utoipa::path(delete, path = "/api/v1/views/{name}", tag = "views", security(("admin" = [])),
    params(("name" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    if shared.engine.delete_view(owner(&caller), name).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::missing("view"))
    }
}
