//! The query parameters of statistics.

use super::super::AdminState;
use super::super::paging::Params;
use super::super::visible;
use crate::problem::Problem;
use footbridge_engine::{GroupBy, Metric, SeriesQuery};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::query::Moment;
use footbridge_model::traffic::Way;
use std::collections::BTreeMap;
use std::time::Duration;

/// The time that a query covers without `since`.
const DEFAULT_SPAN: Duration = Duration::from_hours(1);
/// The default number of points of a line, and the most.
const POINTS: u32 = 60;
const MAX_POINTS: u32 = 240;

/// Reads the parameters that select traffic.
///
/// # Errors
/// An unknown, repeated or wrong parameter, or 404 for an app that the caller does not see.
pub(super) fn read(
    shared: &AdminState,
    caller: &AdminCaller,
    params: &Params,
    known: &[&str],
    by: &[(GroupBy, &str)],
) -> Result<SeriesQuery, Problem> {
    params.refuse_others(&[&["since", "until", "app", "name"], known].concat())?;
    let now = shared.engine.now();
    let until = params.read::<Moment>("until")?.map_or(now, |until| until.at(now));
    let since =
        params.read::<Moment>("since")?.map_or_else(|| until.minus(DEFAULT_SPAN), |since| since.at(now));
    if since >= until {
        return Err(Problem::parameter("since", "must be before `until`"));
    }
    let points = params.read::<u32>("points")?.unwrap_or(POINTS);
    if !(1..=MAX_POINTS).contains(&points) {
        return Err(Problem::parameter("points", format_args!("must be 1 to {MAX_POINTS}")));
    }
    let app = params.app("app")?;
    app.as_ref().map_or(Ok(()), |app| visible::app(caller, app))?;
    Ok(SeriesQuery {
        metric: word(params, "metric", &Metric::ALL)?.unwrap_or(Metric::Accepted),
        app,
        name: params.text("name").map(str::to_owned),
        way: params.read::<Way>("way")?,
        since,
        until,
        points,
        by: word(params, "by", by)?.unwrap_or(GroupBy::Nothing),
        scope: caller.apps.clone(),
    })
}

/// Reads a parameter that is one of these words.
pub(super) fn word<T: Copy>(params: &Params, name: &str, words: &[(T, &str)]) -> Result<Option<T>, Problem> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let found = words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value);
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        Problem::parameter(name, format_args!("must be one of `{}`", words.join("`, `")))
    })
}

/// Returns labels as a map.
pub(super) fn labels(labels: &[(&'static str, String)]) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Rounds to three decimal places: more are noise.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
