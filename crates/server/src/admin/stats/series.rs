//! The course of a metric, and rankings.

use super::super::extract::{Admin, Shared};
use super::super::paging::Params;
use super::query::{self, labels, rounded, word};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{GroupBy, Line, Metric};
use footbridge_model::admin_caller::AdminCaller;

/// The default number of rows of a ranking, and the most.
const LIMIT: usize = 10;
const MAX_LIMIT: usize = 100;

fn metric_name(metric: Metric) -> &'static str {
    Metric::ALL.into_iter().find(|(known, _)| *known == metric).map_or("", |(_, name)| name)
}

/// Returns the course of a metric.
#[utoipa::path(get, path = "/api/v1/stats/series", tag = "statistics", security(("admin" = [])),
    params(("metric" = String, Query, description = "`accepted`, `delivered`, `failed`, `dead`, `attempts`, `exchanges`, `exchanges_failed`, `page`, `p50_ms`, `p95_ms` or `first_try_ok`"),
        ("app" = Option<String>, Query, description = "Traffic from or to this app"),
        ("name" = Option<String>, Query, description = "Traffic of this name, in which `*` stands for anything"),
        ("way" = Option<String>, Query, description = "`page`, `publish` or `exchange`"),
        ("since" = Option<String>, Query, description = "A time, or `2h` for two hours ago; else one hour before `until`"),
        ("until" = Option<String>, Query, description = "A time, else now"),
        ("points" = Option<u32>, Query, description = "The most points of a line, 1 to 240, else 60"),
        ("by" = Option<String>, Query, description = "What tells lines apart: `none`, `app` (the sender), `name`, `way` or `to`")),
    responses((status = 200, body = api::Series)))]
pub(in super::super) async fn series(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::Series>, Problem> {
    let by = [
        (GroupBy::Nothing, "none"),
        (GroupBy::App, "app"),
        (GroupBy::Name, "name"),
        (GroupBy::Way, "way"),
        (GroupBy::To, "to"),
    ];
    let query = query::read(&shared, &caller, &params, &["metric", "way", "points", "by"], &by)?;
    if params.text("metric").is_none() {
        return Err(Problem::parameter("metric", "is missing"));
    }
    let (metric, until) = (query.metric, query.until);
    let found = shared.engine.traffic_series(query).await?;
    let line = |line: Line| api::Line {
        labels: labels(&line.labels),
        points: line.points.into_iter().map(|point| point.map(rounded)).collect(),
    };
    Ok(Json(api::Series {
        metric: metric_name(metric).to_owned(),
        from: found.from.to_string(),
        until: until.to_string(),
        step_ms: found.step_ms,
        unit: match metric.unit() {
            "ms" => api::SeriesUnit::Ms,
            "ratio" => api::SeriesUnit::Ratio,
            _ => api::SeriesUnit::Count,
        },
        lines: found.lines.into_iter().map(line).collect(),
    }))
}

/// Returns what has the most of a metric. With `by=error` it counts what the deliveries that are dead now got last; `app` is then
/// the app that did not get them, and the other parameters do not apply.
#[utoipa::path(get, path = "/api/v1/stats/top", tag = "statistics", security(("admin" = [])),
    params(("by" = String, Query, description = "`app` (the sender), `to`, `name`, `edge` or `error`"),
        ("metric" = Option<String>, Query, description = "As for the course of a metric; else `accepted`"),
        ("app" = Option<String>, Query, description = "Traffic from or to this app"),
        ("name" = Option<String>, Query, description = "Traffic of this name, in which `*` stands for anything"),
        ("way" = Option<String>, Query, description = "`page`, `publish` or `exchange`"),
        ("since" = Option<String>, Query, description = "A time, or `2h` for two hours ago; else one hour before `until`"),
        ("until" = Option<String>, Query, description = "A time, else now"),
        ("limit" = Option<u32>, Query, description = "1 to 100, else 10")),
    responses((status = 200, body = api::TopList)))]
pub(in super::super) async fn top(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    params: Params,
) -> Result<Json<api::TopList>, Problem> {
    let by = [
        (Some(GroupBy::App), "app"),
        (Some(GroupBy::To), "to"),
        (Some(GroupBy::Name), "name"),
        (Some(GroupBy::Edge), "edge"),
        (None, "error"),
    ];
    let all: Vec<(GroupBy, &str)> =
        by.iter().map(|(by, word)| (by.unwrap_or(GroupBy::Nothing), *word)).collect();
    let query = query::read(&shared, &caller, &params, &["metric", "way", "by", "limit"], &all)?;
    let limit = params.read::<usize>("limit")?.unwrap_or(LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::parameter("limit", format_args!("must be 1 to {MAX_LIMIT}")));
    }
    let by = word(&params, "by", &by)?.ok_or_else(|| Problem::parameter("by", "is missing"))?;
    if by.is_none()
        && let Some(name) =
            ["metric", "name", "way", "since", "until"].into_iter().find(|name| params.text(name).is_some())
    {
        let why = "does not go with `by=error`, which counts the deliveries that are dead now";
        return Err(Problem::parameter(name, why));
    }
    let data = if by.is_some() {
        let rows = shared.engine.traffic_top(&query, limit).await?;
        let row = |row: &footbridge_engine::Ranking| api::Top {
            labels: labels(&row.labels),
            value: rounded(row.value),
        };
        rows.iter().map(row).collect()
    } else {
        errors(&shared, &caller, &query, limit).await?
    };
    Ok(Json(api::TopList { data }))
}

/// Counts what dead deliveries got last.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
async fn errors(
    shared: &Shared,
    caller: &AdminCaller,
    query: &footbridge_engine::SeriesQuery,
    limit: usize,
) -> Result<Vec<api::Top>, Problem> {
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for dead in &shared.engine.queues().await?.dead {
        if caller.may_see(&dead.app) && query.app.as_ref().is_none_or(|app| *app == dead.app) {
            for (code, count) in &dead.codes {
                let code = code.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
                *counts.entry(code).or_default() += count;
            }
        }
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let row = |(code, count)| api::Top { labels: labels(&[("error", code)]), value: count as f64 };
    Ok(rows.into_iter().take(limit).map(row).collect())
}
