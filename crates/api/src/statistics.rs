//! Bodies of answers with statistics.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The traffic and the state of the server now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StatsNow {
    #[schema(format = DateTime)]
    pub time: String,
    /// When the server started.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// `null` for a caller that is limited to some apps.
    pub rates: Option<Rates>,
    /// Part of the first attempts of the last five minutes that ended well; `null` without attempts.
    pub first_try_ok: Option<f64>,
    /// Median time from the acceptance of an event to the answer of its receiver, in the last five minutes.
    pub p50_ms: Option<f64>,
    /// The same time, which 95 of 100 deliveries do not exceed.
    pub p95_ms: Option<f64>,
    /// `null` for a caller that is limited to some apps.
    pub account: Option<AccountNow>,
    pub lanes: LaneCounts,
    /// Every app, and others that sent something, sorted by name.
    pub apps: Vec<AppNow>,
}

/// Events and exchanges per second in the last ten seconds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rates {
    /// Events that pages published.
    pub page: f64,
    /// Events that apps and the server published.
    pub publish: f64,
    pub exchange: f64,
}

/// The number of deliveries of each status, including those that retention has deleted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountNow {
    pub accepted: u64,
    pub pending: u64,
    pub delivered: u64,
    pub unanswered: u64,
    pub dead: u64,
    pub cancelled: u64,
}

/// The number of hooks with pending deliveries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LaneCounts {
    /// Hooks that have pending deliveries.
    pub waiting: u64,
    /// Hooks whose deliveries do not go on.
    pub standing: u64,
    /// Hooks that an operator has paused.
    pub paused: u64,
}

/// The traffic and the queues of one app.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AppNow {
    pub app: String,
    /// Events and exchanges that it sent, per second in the last five minutes.
    pub says: f64,
    /// Deliveries and exchanges that it got, per second in the last five minutes.
    pub hears: f64,
    pub first_try_ok: Option<f64>,
    pub p95_ms: Option<f64>,
    /// Pending deliveries to its hooks, counted up to 10,000 for each hook.
    pub waiting: u64,
    /// Dead deliveries to its hooks.
    pub dead: u64,
    #[schema(format = DateTime)]
    pub last_heard_at: Option<String>,
    #[schema(format = DateTime)]
    pub last_said_at: Option<String>,
}

/// The course of a metric.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Series {
    pub metric: String,
    /// The beginning of the first point.
    #[schema(format = DateTime)]
    pub from: String,
    #[schema(format = DateTime)]
    pub until: String,
    /// The time between two points.
    pub step_ms: i64,
    pub unit: SeriesUnit,
    /// The lines with the most traffic come first; more than 24 are summed up as `(other)`.
    pub lines: Vec<Line>,
}

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesUnit {
    /// A number in the time of a step.
    Count,
    /// A time in milliseconds.
    Ms,
    /// A part of one.
    Ratio,
}

/// One line of a series.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// The names that tell it apart.
    pub labels: BTreeMap<String, String>,
    /// One value for each step; `null` where there is nothing to compute it from.
    pub points: Vec<Option<f64>>,
}

/// Who sends what to whom.
#[expect(clippy::struct_field_names, reason = "the member is named in the API")]
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Edges {
    #[schema(format = DateTime)]
    pub from: String,
    #[schema(format = DateTime)]
    pub until: String,
    /// The edges with the most traffic first, then declared ones without traffic.
    pub edges: Vec<Edge>,
    /// The number of edges that are left out.
    pub other: u64,
}

/// The traffic from one app to another under one name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Edge {
    /// The app that sends; for a declared edge without traffic the first part of the hook's pattern.
    pub from: String,
    /// The name of the event, or the type of the exchange.
    pub name: String,
    /// The app that receives; `null` for events that no hook got.
    pub to: Option<String>,
    #[schema(example = "publish")]
    pub way: String,
    /// Deliveries whose first attempt was made, or exchanges, or events that no hook got.
    pub count: u64,
    /// Deliveries and exchanges that ended well.
    pub ok: u64,
    /// Attempts and exchanges that failed.
    pub failed: u64,
    /// Deliveries that became dead.
    pub dead: u64,
    pub p95_ms: Option<f64>,
    #[schema(format = DateTime)]
    pub last_at: Option<String>,
    /// The hook through which the receiver gets it now.
    pub hook_id: Option<String>,
    /// True if a hook or a link allows it now.
    pub declared: bool,
}

/// A row of a ranking.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Top {
    /// The names that tell it apart.
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// A ranking, the largest value first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TopList {
    pub data: Vec<Top>,
}
