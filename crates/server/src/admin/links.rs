//! Handlers of `/api/v1/links`.

use super::body::JsonBody;
use super::dto::{existing_app, managed_by, parse};
use super::extract::{Admin, Change, LinkPath, Shared};
use super::paging::Params;
use super::visible;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_api::{self as api, List};
use footbridge_engine::LinkSpec;
use footbridge_model::app::Link;
use footbridge_model::name::AppName;
use http::{StatusCode, header};

fn view(link: Link) -> api::Link {
    let Link { host, miniapp, enabled, origin, created_at } = link;
    api::Link {
        host: host.to_string(),
        miniapp: miniapp.to_string(),
        enabled,
        managed_by: managed_by(origin),
        created_at: created_at.to_string(),
    }
}

/// Lists the links, ordered by host and miniapp.
#[utoipa::path(get, path = "/api/v1/links", tag = "links", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<api::Link>)))]
pub(super) async fn list(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<api::Link>>, Problem> {
    let window = params.window("links", &[])?;
    let after = window.after(|text| {
        let (host, miniapp) = text.split_once('/')?;
        Some((AppName::find(host)?, AppName::find(miniapp)?))
    })?;
    let pair = |link: &Link| (link.host.clone(), link.miniapp.clone());
    let seen = shared.engine.links().into_iter().filter(|link| visible::link(&caller, link));
    let rows = window.of_sorted(seen, after.as_ref(), pair);
    Ok(Json(window.list(rows, |link| format!("{}/{}", link.host, link.miniapp), view)))
}

/// Creates a link between a host and a miniapp.
#[utoipa::path(post, path = "/api/v1/links", tag = "links", security(("admin" = [])), request_body = api::NewLink,
    responses((status = 201, body = api::Link, headers(("Location" = String)))))]
pub(super) async fn create(
    Change(caller): Change,
    State(shared): State<Shared>,
    JsonBody(request): JsonBody<api::NewLink>,
) -> Result<impl IntoResponse, Problem> {
    let spec = LinkSpec {
        host: parse("host", &request.host, existing_app)?,
        miniapp: parse("miniapp", &request.miniapp, existing_app)?,
        enabled: request.enabled.unwrap_or(true),
    };
    visible::both_ends(&caller, &spec.host, &spec.miniapp)?;
    let link = shared.engine.acting_as(&*caller).add_link(spec).await?;
    let location = format!("/api/v1/links/{}/{}", link.host, link.miniapp);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(link))))
}

/// Shows the link between two apps.
#[utoipa::path(get, path = "/api/v1/links/{host}/{miniapp}", tag = "links", security(("admin" = [])),
    params(("host" = String, Path), ("miniapp" = String, Path)), responses((status = 200, body = api::Link)))]
pub(super) async fn show(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    LinkPath(host, miniapp): LinkPath,
) -> Result<Json<api::Link>, Problem> {
    let link = shared.engine.link(&host, &miniapp)?;
    if !visible::link(&caller, &link) {
        return Err(Problem::missing("link"));
    }
    Ok(Json(view(link)))
}

/// Enables or disables a link.
#[utoipa::path(patch, path = "/api/v1/links/{host}/{miniapp}", tag = "links", security(("admin" = [])),
    request_body = api::LinkPatch, params(("host" = String, Path), ("miniapp" = String, Path)),
    responses((status = 200, body = api::Link)))]
pub(super) async fn change(
    Change(caller): Change,
    State(shared): State<Shared>,
    LinkPath(host, miniapp): LinkPath,
    JsonBody(patch): JsonBody<api::LinkPatch>,
) -> Result<Json<api::Link>, Problem> {
    visible::both_ends(&caller, &host, &miniapp)?;
    let link = shared.engine.acting_as(&*caller).change_link(&host, &miniapp, patch.enabled).await?;
    Ok(Json(view(link)))
}

/// Deletes the link between two apps.
#[utoipa::path(delete, path = "/api/v1/links/{host}/{miniapp}", tag = "links", security(("admin" = [])),
    params(("host" = String, Path), ("miniapp" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    Change(caller): Change,
    State(shared): State<Shared>,
    LinkPath(host, miniapp): LinkPath,
) -> Result<StatusCode, Problem> {
    visible::both_ends(&caller, &host, &miniapp)?;
    shared.engine.acting_as(&*caller).remove_link(&host, &miniapp).await?;
    Ok(StatusCode::NO_CONTENT)
}
