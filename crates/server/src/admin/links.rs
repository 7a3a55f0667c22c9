//! `/api/v1/links`.

use super::apps::ManagedBy;
use super::body::{Body, Fields, FromFields};
use super::extract::{Admin, Change, Linked, Shared, existing};
use super::page::{List, Params};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use footbridge_engine::LinkSpec;
use footbridge_model::app::Link;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Leave for a host and a miniapp to exchange events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub(super) struct LinkView {
    #[schema(value_type = String, example = "superapp")]
    host: AppName,
    #[schema(value_type = String, example = "shop")]
    miniapp: AppName,
    enabled: bool,
    managed_by: ManagedBy,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
}

impl From<Link> for LinkView {
    fn from(link: Link) -> Self {
        let Link { host, miniapp, enabled, origin, created_at } = link;
        Self { host, miniapp, enabled, managed_by: origin.into(), created_at }
    }
}

/// A new link.
#[derive(Debug, ToSchema)]
pub(super) struct NewLink {
    /// The host app.
    #[schema(value_type = String)]
    host: AppName,
    /// The miniapp.
    #[schema(value_type = String)]
    miniapp: AppName,
    /// Whether it holds from the start; `true` when left out.
    enabled: Option<bool>,
}

impl FromFields for NewLink {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        Ok(Self {
            host: fields.required_as("host", existing)?,
            miniapp: fields.required_as("miniapp", existing)?,
            enabled: fields.optional("enabled")?,
        })
    }
}

/// A change of a link or of a hook.
#[derive(Debug, ToSchema)]
pub(super) struct Switch {
    /// Whether it counts.
    pub(super) enabled: bool,
}

impl FromFields for Switch {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Problem> {
        fields.required("enabled").map(|enabled| Self { enabled })
    }
}

/// Lists the links, by host and miniapp.
#[utoipa::path(get, path = "/api/v1/links", tag = "links", security(("admin" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 250, else 50"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<LinkView>)))]
pub(super) async fn list(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<List<LinkView>>, Problem> {
    let window = params.window("links", &[])?;
    let after = window.after(|text| {
        let (host, miniapp) = text.split_once('/')?;
        Some((AppName::find(host)?, AppName::find(miniapp)?))
    })?;
    let pair = |link: &Link| (link.host.clone(), link.miniapp.clone());
    let rows = window.of_sorted(shared.engine.links(), after.as_ref(), pair);
    Ok(Json(window.list(rows, |link| format!("{}/{}", link.host, link.miniapp), LinkView::from)))
}

/// Makes a link.
#[utoipa::path(post, path = "/api/v1/links", tag = "links", security(("admin" = [])), request_body = NewLink,
    responses((status = 201, body = LinkView, headers(("Location" = String)))))]
pub(super) async fn create(
    _: Change,
    State(shared): State<Shared>,
    Body(new): Body<NewLink>,
) -> Result<impl IntoResponse, Problem> {
    let spec = LinkSpec { host: new.host, miniapp: new.miniapp, enabled: new.enabled.unwrap_or(true) };
    let link = shared.engine.add_link(spec).await?;
    let location = format!("/api/v1/links/{}/{}", link.host, link.miniapp);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(LinkView::from(link))))
}

/// Shows a link.
#[utoipa::path(get, path = "/api/v1/links/{host}/{miniapp}", tag = "links", security(("admin" = [])),
    params(("host" = String, Path), ("miniapp" = String, Path)), responses((status = 200, body = LinkView)))]
pub(super) async fn show(
    _: Admin,
    State(shared): State<Shared>,
    Linked(host, miniapp): Linked,
) -> Result<Json<LinkView>, Problem> {
    Ok(Json(shared.engine.link(&host, &miniapp)?.into()))
}

/// Switches a link on or off.
#[utoipa::path(patch, path = "/api/v1/links/{host}/{miniapp}", tag = "links", security(("admin" = [])),
    request_body = Switch, params(("host" = String, Path), ("miniapp" = String, Path)),
    responses((status = 200, body = LinkView)))]
pub(super) async fn change(
    _: Change,
    State(shared): State<Shared>,
    Linked(host, miniapp): Linked,
    Body(switch): Body<Switch>,
) -> Result<Json<LinkView>, Problem> {
    let link = shared.engine.change_link(&host, &miniapp, switch.enabled).await?;
    Ok(Json(link.into()))
}

/// Deletes a link.
#[utoipa::path(delete, path = "/api/v1/links/{host}/{miniapp}", tag = "links", security(("admin" = [])),
    params(("host" = String, Path), ("miniapp" = String, Path)), responses((status = 204)))]
pub(super) async fn remove(
    _: Change,
    State(shared): State<Shared>,
    Linked(host, miniapp): Linked,
) -> Result<StatusCode, Problem> {
    shared.engine.remove_link(&host, &miniapp).await?;
    Ok(StatusCode::NO_CONTENT)
}
