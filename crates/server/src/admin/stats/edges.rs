//! The edges of the map: who sends what to whom.

use super::super::extract::{Admin, Shared};
use super::super::paging::Params;
use super::super::visible;
use super::query::{self, rounded};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{EdgeTraffic, SeriesQuery, matches_glob};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::name::AppName;
use footbridge_model::traffic::{Edge, Way};
use std::collections::HashSet;

/// The most edges of an answer.
const MAX_EDGES: usize = 2000;

/// Returns the traffic between apps, and the hooks and links without traffic.
#[utoipa::path(get, path = "/api/v1/stats/edges", tag = "statistics", security(("admin" = [])),
    params(("since" = Option<String>, Query, description = "A time, or `2h` for two hours ago; else one hour before `until`"),
        ("until" = Option<String>, Query, description = "A time, else now"),
        ("app" = Option<String>, Query, description = "Edges from or to this app"),
        ("name" = Option<String>, Query, description = "Edges of this name, in which `*` stands for anything"),
        ("failing" = Option<bool>, Query, description = "`true` for edges on which something failed")),
    responses((status = 200, body = api::Edges)))]
pub(in super::super) async fn edges(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::Edges>, Problem> {
    let query = query::read(&shared, &caller, &params, &["failing"], &[])?;
    let failing = params.flag("failing")?;
    let found = shared.engine.traffic_edges(&query).await?;
    let heard: HashSet<_> = found
        .iter()
        .filter(|row| !row.edge.to.is_empty())
        .map(|row| (row.edge.from.clone(), row.edge.name.clone()))
        .collect();
    let is_shown = |row: &&EdgeTraffic| {
        let unheard = || !heard.contains(&(row.edge.from.clone(), row.edge.name.clone()));
        let fails = row.sums.failed > 0 || row.sums.dead > 0;
        (!row.edge.to.is_empty() || unheard()) && failing.is_none_or(|failing| failing == fails)
    };
    let mut edges: Vec<api::Edge> = found.iter().filter(is_shown).map(|row| edge(&shared, row)).collect();
    if failing != Some(true) {
        edges.extend(declared(&shared, &caller, &query, &edges));
    }
    let other = edges.len().saturating_sub(MAX_EDGES) as u64;
    edges.truncate(MAX_EDGES);
    let (from, until) = (query.since.to_string(), query.until.to_string());
    Ok(Json(api::Edges { from, until, edges, other }))
}

fn edge(shared: &Shared, row: &EdgeTraffic) -> api::Edge {
    let EdgeTraffic { edge, sums } = row;
    let hook = if edge.way == Way::Exchange { None } else { shared.engine.hook_of_edge(edge) };
    let declared = if edge.way == Way::Exchange { is_linked(shared, edge) } else { hook.is_some() };
    api::Edge {
        from: edge.from.clone(),
        name: edge.name.clone(),
        to: Some(edge.to.clone()).filter(|to| !to.is_empty()),
        way: edge.way.as_str().to_owned(),
        count: sums.events + sums.first,
        ok: sums.ok,
        failed: sums.failed,
        dead: sums.dead,
        p95_ms: sums.latencies.quantile(0.95).map(rounded),
        last_at: Some(sums.last_at.to_string()),
        hook_id: hook.map(|hook| hook.id.to_string()),
        declared,
    }
}

fn is_linked(shared: &Shared, edge: &Edge) -> bool {
    let pair = |host: &str, miniapp: &str| {
        let (host, miniapp) = (AppName::any(host), AppName::any(miniapp));
        let link = host.zip(miniapp).and_then(|(host, miniapp)| shared.engine.link(&host, &miniapp).ok());
        link.is_some_and(|link| link.enabled)
    };
    pair(&edge.from, &edge.to) || pair(&edge.to, &edge.from)
}

/// Returns the hooks and links that carry no traffic among `used`.
fn declared(
    shared: &Shared,
    caller: &AdminCaller,
    query: &SeriesQuery,
    used: &[api::Edge],
) -> Vec<api::Edge> {
    let hooks: HashSet<&str> = used.iter().filter_map(|edge| edge.hook_id.as_deref()).collect();
    let unused = |from: &str, name: &str, to: &str, way: Way, hook_id: Option<String>| api::Edge {
        from: from.to_owned(),
        name: name.to_owned(),
        to: Some(to.to_owned()),
        way: way.as_str().to_owned(),
        count: 0,
        ok: 0,
        failed: 0,
        dead: 0,
        p95_ms: None,
        last_at: None,
        hook_id,
        declared: true,
    };
    let mut found = Vec::new();
    for entry in shared.engine.hooks(query.app.as_ref()) {
        let (hook, id) = (&entry.hook, entry.hook.id.to_string());
        let name = hook.pattern.event.as_str();
        let is_asked = query.name.as_deref().is_none_or(|pattern| matches_glob(pattern, name));
        if hook.enabled && is_asked && caller.may_see(&hook.app) && !hooks.contains(id.as_str()) {
            found.push(unused(
                hook.pattern.publisher.as_str(),
                name,
                hook.app.as_str(),
                Way::Publish,
                Some(id),
            ));
        }
        if found.len() >= MAX_EDGES {
            break;
        }
    }
    let exchanged: HashSet<(&str, &str)> = used
        .iter()
        .filter(|edge| edge.way == Way::Exchange.as_str())
        .filter_map(|edge| Some((edge.from.as_str(), edge.to.as_deref()?)))
        .collect();
    for link in shared.engine.links().iter().filter(|link| link.enabled && query.name.is_none()) {
        if !visible::link(caller, link) {
            continue;
        }
        let (host, miniapp) = (link.host.as_str(), link.miniapp.as_str());
        let is_asked = query.app.as_ref().is_none_or(|app| *app == link.host || *app == link.miniapp);
        if is_asked && !exchanged.contains(&(host, miniapp)) && !exchanged.contains(&(miniapp, host)) {
            found.push(unused(host, "*", miniapp, Way::Exchange, None));
        }
    }
    found
}
