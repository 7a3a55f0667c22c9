//! Handlers of `/api/v1/settings` and `/api/v1/doctor`.

use super::extract::{Admin, Shared};
use super::paging::Params;
use super::{AdminState, overlaps};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_api::FindingLevel as Level;
use footbridge_engine::{AppEntry, Reached};
use footbridge_model::name::AppName;
use std::sync::Arc;

/// The most receivers that are tried, each for a few seconds, all at the same time.
const MAX_RECEIVERS: usize = 100;

/// Returns the configuration in force with the source of each value. Secrets are `set` or `not set`.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", security(("admin" = [])),
    responses((status = 200, body = api::Settings)))]
pub(super) async fn settings(
    _: Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::Settings>, Problem> {
    params.refuse_others(&[])?;
    Ok(Json(api::Settings {
        settings: shared.surroundings.settings(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: shared.engine.started_at().to_string(),
        data_dir: shared.surroundings.data_dir(),
    }))
}

/// Checks the server and its surroundings: configuration, clock, disk, secrets, and whether receivers can be reached. A caller that
/// is limited to some apps gets the checks of these apps.
#[utoipa::path(get, path = "/api/v1/doctor", tag = "settings", security(("admin" = [])),
    responses((status = 200, body = api::Doctor)))]
pub(super) async fn doctor(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::Doctor>, Problem> {
    params.refuse_others(&[])?;
    let engine = &shared.engine;
    let version = format!("this is Footbridge {}", env!("CARGO_PKG_VERSION"));
    let mut data = vec![ok("version", version)];
    if !caller.is_scoped() {
        data.extend(server(&shared));
    }
    let seen = |app: &AppName| caller.may_see(app);
    let mut apps = engine.apps();
    apps.retain(|entry| seen(&entry.app.name));
    data.extend(secrets(&shared, &apps).await?);
    data.extend(receivers(engine.reach_receivers(seen, MAX_RECEIVERS).await));
    Ok(Json(api::Doctor { data }))
}

/// Checks the server itself.
fn server(shared: &Shared) -> Vec<api::Finding> {
    let engine = &shared.engine;
    let mut data = shared.surroundings.checks();
    data.extend(journal(shared));
    data.push(match shared.surroundings.disk().map(|disk| (disk, disk.shortage())) {
        None => ok("disk", "the free space on the disk of the database is not known".to_owned()),
        Some((disk, None)) => {
            ok("disk", format!("the disk of the database has {} MiB left", disk.free >> 20))
        }
        Some((_, Some((is_error, text)))) => {
            let level = if is_error { Level::Error } else { Level::Warning };
            let fix = "free space on the disk, or shorten `keep` in `[journal]`";
            finding("disk", level, text, fix)
        }
    });
    data.push(match engine.clock_doubt() {
        None => ok("clock", format!("the clock shows {}", engine.now())),
        Some(text) => {
            finding("clock", Level::Error, text, "set the clock of this machine, for example with NTP")
        }
    });
    data
}

fn ok(check: &str, text: String) -> api::Finding {
    api::Finding { check: check.to_owned(), level: Level::Ok, text, fix: None }
}

fn finding(check: &str, level: Level, text: String, fix: &str) -> api::Finding {
    api::Finding { check: check.to_owned(), level, text, fix: Some(fix.to_owned()) }
}

fn journal(shared: &Shared) -> Vec<api::Finding> {
    let health = shared.engine.health();
    let (doubt, look) = (shared.engine.clock_doubt(), "the log of the server says more");
    let problems = health.problems.into_iter().map(|text| finding("journal", Level::Error, text, look));
    let warnings = health.warnings.into_iter().filter(|text| doubt.as_ref() != Some(text));
    let warnings = warnings.map(|text| finding("journal", Level::Warning, text, look));
    let mut found: Vec<_> = problems.chain(warnings).collect();
    if found.is_empty() {
        found.push(ok("journal", "the journal accepts events".to_owned()));
    }
    found
}

/// Checks the old values of secrets that are still valid.
async fn secrets(shared: &AdminState, apps: &[Arc<AppEntry>]) -> Result<Vec<api::Finding>, Problem> {
    let mut found = Vec::new();
    for entry in apps {
        for overlap in overlaps::of_app(shared, entry).await? {
            let level = if overlap.is_risk { Level::Warning } else { Level::Ok };
            found.push(finding("secrets", level, overlap.text, overlap.fix));
        }
    }
    if found.is_empty() {
        found.push(ok("secrets", "no secret is being replaced".to_owned()));
    }
    Ok(found)
}

/// Shows which receivers can be reached.
fn receivers(reached: Vec<Reached>) -> Vec<api::Finding> {
    if reached.is_empty() {
        return vec![ok("receivers", "no app has a URL that this server sends to".to_owned())];
    }
    let one = |reached: Reached| {
        let Reached { app, origin, failure } = reached;
        match failure {
            None => ok("receivers", format!("{origin} of {app} can be reached")),
            Some(failure) => {
                let fix = match failure.kind {
                    footbridge_engine::FailureKind::Dns => "correct the host in the URL, or the name server",
                    footbridge_engine::FailureKind::Blocked => {
                        "allow the address in `[egress] allow`, or correct the URL"
                    }
                    footbridge_engine::FailureKind::Tls(_) => {
                        "correct the certificate or the scheme of the URL, or trust its authority with `[egress] ca_file`"
                    }
                    _ => "start the receiver, open its port, or correct the URL",
                };
                let text = format!("{origin} of {app} cannot be reached: {failure}");
                finding("receivers", Level::Error, text, fix)
            }
        }
    };
    reached.into_iter().map(one).collect()
}
