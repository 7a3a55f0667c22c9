//! The handler of `/api/v1/attention`: what needs an operator now.

use super::dto::rough;
use super::extract::{Admin, Shared};
use super::overlaps::{self, FoundOverlap};
use super::paging::Params;
use crate::problem::Problem;
use crate::surroundings::DiskSpace;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_api::AttentionLevel as Level;
use footbridge_engine::{
    AppEntry, AppStatus, DeadDeliveries, QueueOverview, QueueState, Recent, WaitingQueue,
};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::id::IdSource;
use footbridge_model::name::AppName;
use std::collections::BTreeMap;

/// The most rows of one kind. The most important come first.
const MAX_ROWS: usize = 50;
/// The share of failed exchanges of a receiver, of a hundred, and their number, from which on it is named.
const FAILING_PERCENT: u64 = 50;
const FAILING_COUNT: u64 = 5;
/// The status that switches a hook off.
const GONE: u16 = 410;

/// Returns what needs an operator, the worst first: dead deliveries, queues that stand, hooks that their receivers have
/// switched off, apps that do not start, secrets that are being replaced, failing exchanges, and problems of the server.
#[utoipa::path(get, path = "/api/v1/attention", tag = "statistics", security(("admin" = [])),
    responses((status = 200, body = api::AttentionList)))]
pub(super) async fn attention(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::AttentionList>, Problem> {
    params.refuse_others(&[])?;
    let queues = shared.engine.queues().await?;
    let mut data = Vec::new();
    if !caller.is_scoped() {
        data.extend(server(&shared));
    }
    data.extend(dead(&queues, &caller));
    data.extend(gone(&shared, &queues, &caller));
    data.extend(standing(&shared, &queues, &caller));
    let recent = shared.engine.recent_traffic();
    let visible = |entry: &std::sync::Arc<AppEntry>| caller.may_see(&entry.app.name);
    for entry in shared.engine.apps().into_iter().filter(visible) {
        data.extend(of_app(&entry, &recent));
        data.extend(overlaps::of_app(&shared, &entry).await?.into_iter().map(overlap));
    }
    data.sort_by_key(|row: &api::Attention| std::cmp::Reverse(row.level));
    Ok(Json(api::AttentionList { data }))
}

/// A row without times, counts and queries.
fn row(level: Level, kind: &str, object: (&str, String), text: String, screen: String) -> api::Attention {
    let (object_kind, id) = object;
    api::Attention {
        level,
        kind: kind.to_owned(),
        object: api::AttentionObject { kind: object_kind.to_owned(), id },
        since: None,
        text,
        count: None,
        screen,
        recover: None,
    }
}

/// The address of a screen with a query.
fn screen(path: &str, query: &str) -> String {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    format!("/{path}?q={query}")
}

/// Problems of the server itself.
fn server(shared: &Shared) -> Vec<api::Attention> {
    let health = shared.engine.health();
    let server = || ("server", "server".to_owned());
    let of = |level, text: String| {
        let kind = if text.contains("disk") {
            "disk"
        } else if text.contains("clock") {
            "clock"
        } else {
            "server"
        };
        row(level, kind, server(), text, "/settings".to_owned())
    };
    let problems = health.problems.into_iter().map(|text| of(Level::Error, text));
    let warnings = health.warnings.into_iter().map(|text| of(Level::Warning, text));
    let mut rows: Vec<_> = problems.chain(warnings).collect();
    rows.extend(shared.surroundings.disk().and_then(DiskSpace::shortage).map(|(is_error, text)| {
        let level = if is_error { Level::Error } else { Level::Warning };
        row(level, "disk", server(), text, "/settings".to_owned())
    }));
    rows
}

/// Dead deliveries by app.
fn dead(queues: &QueueOverview, caller: &AdminCaller) -> Vec<api::Attention> {
    let mut by_app: BTreeMap<&AppName, Vec<&DeadDeliveries>> = BTreeMap::new();
    for dead in queues.dead.iter().filter(|dead| caller.may_see(&dead.app)) {
        by_app.entry(&dead.app).or_default().push(dead);
    }
    let of = |(app, of_hooks): (&AppName, Vec<&DeadDeliveries>)| {
        let count: u64 = of_hooks.iter().map(|dead| dead.count).sum();
        let mut codes: BTreeMap<Option<u16>, u64> = BTreeMap::new();
        for (code, of_code) in of_hooks.iter().flat_map(|dead| &dead.codes) {
            *codes.entry(*code).or_default() += of_code;
        }
        let mut codes: Vec<_> = codes.into_iter().collect();
        codes.sort_by_key(|(_, of_code)| std::cmp::Reverse(*of_code));
        let named = |(code, count): &(Option<u16>, u64)| {
            let code = code.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
            format!("{code} ×{count}")
        };
        let codes = codes.iter().map(named).collect::<Vec<_>>().join(", ");
        let (noun, verb) = if count == 1 { ("delivery", "is") } else { ("deliveries", "are") };
        let query = format!("status:dead to:{app}");
        let text = format!("{count} {noun} to {app} {verb} dead: {codes}");
        let first = of_hooks.iter().map(|dead| dead.first.number()).min();
        api::Attention {
            since: first.map(|first| IdSource::time_of(first).to_string()),
            count: Some(count),
            recover: Some(query.clone()),
            ..row(Level::Error, "dead", ("app", app.to_string()), text, screen("deliveries", &query))
        }
    };
    let mut rows: Vec<_> = by_app.into_iter().map(of).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows.truncate(MAX_ROWS);
    rows
}

/// Hooks that are off because their receivers answered 410.
fn gone(shared: &Shared, queues: &QueueOverview, caller: &AdminCaller) -> Vec<api::Attention> {
    let of = |dead: &DeadDeliveries| {
        let hook = shared.engine.hook(dead.hook).ok().filter(|entry| !entry.hook.enabled)?;
        dead.codes.iter().any(|(code, _)| *code == Some(GONE)).then_some(())?;
        let app = &dead.app;
        let text = format!(
            "the hook of {app} for {} is off: its receiver answered 410; change its route or remove it, then switch it on",
            hook.hook.pattern
        );
        let id = dead.hook.to_string();
        let screen = format!("/hooks?id={id}");
        let recover = Some(format!("status:dead hook:{id}"));
        Some(api::Attention { recover, ..row(Level::Warning, "hook_off", ("hook", id), text, screen) })
    };
    let visible = queues.dead.iter().filter(|dead| caller.may_see(&dead.app));
    visible.filter_map(of).take(MAX_ROWS).collect()
}

/// Queues of hooks that stand.
fn standing(shared: &Shared, queues: &QueueOverview, caller: &AdminCaller) -> Vec<api::Attention> {
    let now = shared.engine.now();
    let of = |queue: &WaitingQueue| {
        let WaitingQueue { hook, waiting, state } = queue;
        let (app, head, behind) = (&hook.hook.app, waiting.head, waiting.count.saturating_sub(1));
        let since = IdSource::time_of(head.number());
        let lasts = rough(since.until(now));
        let behind = match behind {
            0 => String::new(),
            count => format!("; {count} wait behind it"),
        };
        let why = match (&waiting.last_error, waiting.last_status) {
            (_, Some(status)) => format!(" ({status})"),
            (Some(error), None) => format!(" ({error})"),
            (None, None) => String::new(),
        };
        let text = match state {
            QueueState::HeadFailing => {
                format!("an ordered hook of {app} waits for {head} for {lasts}{why}{behind}")
            }
            QueueState::AppDown => format!("{app} does not run, and {head} waits for it for {lasts}{behind}"),
            QueueState::WindowFull | QueueState::Moving | QueueState::Paused | QueueState::Off => {
                format!("{head} to {app} is overdue for {lasts}: its receiver answers too slowly{behind}")
            }
        };
        let screen = format!("/hooks?id={}", hook.hook.id);
        api::Attention {
            since: Some(since.to_string()),
            count: Some(waiting.count),
            ..row(Level::Warning, "lane_standing", ("hook", hook.hook.id.to_string()), text, screen)
        }
    };
    let stands = |queue: &&WaitingQueue| queue.state.is_standing() && caller.may_see(&queue.hook.hook.app);
    let mut rows: Vec<_> = queues.waiting.iter().filter(stands).map(of).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows.truncate(MAX_ROWS);
    rows
}

/// Everything about one app but its deliveries and secrets.
fn of_app(entry: &AppEntry, recent: &Recent) -> Vec<api::Attention> {
    let name = &entry.app.name;
    let app = || ("app", name.to_string());
    let of_app = format!("/apps/{name}");
    let mut rows = Vec::new();
    if let AppStatus::Failed { why, .. } = entry.status() {
        let text = format!("{name} does not start: {why}");
        rows.push(row(Level::Error, "app_failed", app(), text, of_app.clone()));
    }
    if entry.is_unreachable() {
        let text = format!("exchanges to {name} are held back: its receiver could not be reached");
        let screen = screen("exchanges", &format!("status:failed to:{name}"));
        rows.push(row(Level::Error, "exchange_failing", app(), text, screen));
    } else if let Some(traffic) = recent.apps.get(name.as_str()) {
        let (all, failed) = (traffic.exchanges, traffic.exchanges_failed);
        if failed >= FAILING_COUNT && failed * 100 >= all * FAILING_PERCENT {
            let text = format!("{failed} of {all} exchanges to {name} failed in the last five minutes");
            let screen = screen("exchanges", &format!("status:failed to:{name} since:5m"));
            let count = Some(failed);
            rows.push(api::Attention {
                count,
                ..row(Level::Warning, "exchange_failing", app(), text, screen)
            });
        }
    }
    rows
}

/// The overlap of a rotation.
fn overlap(found: FoundOverlap) -> api::Attention {
    let FoundOverlap { app, since, uses, is_risk, text, fix: _ } = found;
    let level = if is_risk { Level::Warning } else { Level::Info };
    let screen = format!("/apps/{app}?tab=credentials");
    api::Attention {
        since: since.map(|since| since.to_string()),
        count: uses,
        ..row(level, "secret_overlap", ("app", app.to_string()), text, screen)
    }
}
