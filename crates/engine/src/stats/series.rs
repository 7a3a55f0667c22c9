//! Queries: the course of a metric, the edges of the map, and what has the most of something.

use super::statistics::{ReadTraffic, Statistics, StatisticsError};
use footbridge_journal::{Grouping, MINUTES_KEPT, Resolution, Traffic, TrafficQuery};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use footbridge_model::traffic::{Edge, OTHER, Sums, Way};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most lines of a series. The smallest of more are summed up as one.
const MAX_LINES: usize = 24;
/// The lengths of steps, in minutes.
const STEPS: [i64; 14] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 2880];

/// The value that a series shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Events that were accepted.
    Accepted,
    /// Deliveries that ended well.
    Delivered,
    /// Attempts of deliveries that failed.
    Failed,
    /// Deliveries that became dead.
    Dead,
    /// Attempts that were made of deliveries.
    Attempts,
    /// Exchanges that have ended.
    Exchanges,
    /// Exchanges that have failed.
    ExchangesFailed,
    /// Events that pages published.
    Page,
    /// The median latency in milliseconds.
    P50,
    /// The latency in milliseconds that 95 of 100 do not exceed.
    P95,
    /// The part of first attempts that ended well.
    FirstTryOk,
}

impl Metric {
    /// All metrics with their words in queries.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Accepted, "accepted"),
        (Self::Delivered, "delivered"),
        (Self::Failed, "failed"),
        (Self::Dead, "dead"),
        (Self::Attempts, "attempts"),
        (Self::Exchanges, "exchanges"),
        (Self::ExchangesFailed, "exchanges_failed"),
        (Self::Page, "page"),
        (Self::P50, "p50_ms"),
        (Self::P95, "p95_ms"),
        (Self::FirstTryOk, "first_try_ok"),
    ];

    /// The unit of the values.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::P50 | Self::P95 => "ms",
            Self::FirstTryOk => "ratio",
            _ => "count",
        }
    }

    /// Returns true if traffic of this way counts. `asked` is the way that the query names.
    fn counts(self, way: Way, asked: Option<Way>) -> bool {
        match self {
            Self::Exchanges | Self::ExchangesFailed => way == Way::Exchange,
            Self::Page => way == Way::Page,
            // The latencies of exchanges are something else than those of deliveries.
            Self::P50 | Self::P95 => way != Way::Exchange || asked == Some(Way::Exchange),
            _ => way != Way::Exchange,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn value(self, sums: &Sums) -> Option<f64> {
        let count = match self {
            Self::Accepted | Self::Exchanges | Self::Page => sums.events,
            Self::Delivered => sums.ok,
            Self::Failed | Self::ExchangesFailed => sums.failed,
            Self::Dead => sums.dead,
            Self::Attempts => sums.attempts,
            Self::P50 => return sums.latencies.quantile(0.5),
            Self::P95 => return sums.latencies.quantile(0.95),
            Self::FirstTryOk => return sums.first_try_ok(),
        };
        Some(count as f64)
    }
}

/// How the lines of a series, or the rows of a ranking, are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// One line for everything.
    Nothing,
    /// One for each app that publishes or sends.
    App,
    /// One for each name.
    Name,
    /// One for each way.
    Way,
    /// One for each app that receives.
    To,
    /// One for each edge.
    Edge,
}

impl GroupBy {
    fn grouping(self) -> Grouping {
        let all = self == Self::Edge;
        Grouping {
            from: all || self == Self::App,
            name: all || self == Self::Name,
            to: all || self == Self::To,
        }
    }

    /// The labels of an edge; `None` if it has none of this kind.
    fn labels(self, edge: &Edge) -> Option<Vec<(&'static str, String)>> {
        let way = || ("way", edge.way.as_str().to_owned());
        Some(match self {
            Self::Nothing => Vec::new(),
            Self::App => vec![("app", edge.from.clone())],
            Self::Name => vec![("name", edge.name.clone())],
            Self::Way => vec![way()],
            Self::To => vec![("to", Some(edge.to.clone()).filter(|to| !to.is_empty())?)],
            Self::Edge => {
                let (from, name) = (edge.from.clone(), edge.name.clone());
                vec![("from", from), ("name", name), ("to", edge.to.clone()), way()]
            }
        })
    }
}

/// Selects the traffic and the metric of a series.
#[derive(Debug, Clone)]
pub struct SeriesQuery {
    /// The metric that it shows.
    pub metric: Metric,
    /// Only from or to this app.
    pub app: Option<AppName>,
    /// Only of these names, with `*` for anything.
    pub name: Option<String>,
    /// Only of this way.
    pub way: Option<Way>,
    /// The beginning of the time.
    pub since: Millis,
    /// The end of the time.
    pub until: Millis,
    /// The most points of a line.
    pub points: u32,
    /// The part of an edge by which the lines are told apart.
    pub by: GroupBy,
    /// Only what these apps see; `None` for everything. An app sees the events that it publishes, the deliveries to it, and the
    /// exchanges that it sends or answers.
    pub scope: Option<BTreeSet<AppName>>,
}

impl SeriesQuery {
    /// Returns true if the traffic of an edge is in the scope.
    fn sees(&self, edge: &Edge) -> bool {
        let Some(scope) = &self.scope else { return true };
        let has = |name: &str| scope.iter().any(|app| app.key().eq_ignore_ascii_case(name));
        match edge.way {
            Way::Exchange => has(&edge.from) || has(&edge.to),
            _ if edge.to.is_empty() => has(&edge.from),
            _ => has(&edge.to),
        }
    }

    /// The parts of edges that the store must tell apart.
    fn grouping(&self) -> Grouping {
        let by = self.by.grouping();
        if self.scope.is_some() { Grouping { from: true, to: true, ..by } } else { by }
    }
}

/// The course of a metric.
#[derive(Debug)]
pub struct Series {
    /// The beginning of the first point.
    pub from: Millis,
    /// The time between two points, in milliseconds.
    pub step_ms: i64,
    /// The lines, those with the most traffic first.
    pub lines: Vec<Line>,
}

/// One line of a series.
#[derive(Debug)]
pub struct Line {
    /// The names and values that tell it apart.
    pub labels: Vec<(&'static str, String)>,
    /// One value for each step; `None` if there is nothing to compute it from.
    pub points: Vec<Option<f64>>,
}

/// A row of a ranking.
#[derive(Debug)]
pub struct Ranking {
    /// The names and values that tell it apart.
    pub labels: Vec<(&'static str, String)>,
    /// The value of the metric.
    pub value: f64,
}

/// The traffic of one edge of the map.
#[derive(Debug)]
pub struct EdgeTraffic {
    /// Who sends what to whom.
    pub edge: Edge,
    /// The traffic that it carried.
    pub sums: Sums,
}

/// The labels of a line, each with its value.
type Labels = Vec<(&'static str, String)>;

/// The lines of a series before their values are computed.
type Lines = BTreeMap<Labels, BTreeMap<i64, Sums>>;

impl Statistics {
    /// Reads the course of a metric.
    pub(crate) async fn series(&self, query: SeriesQuery) -> Result<Series, StatisticsError> {
        let read = self.read(self.traffic_query(&query, false)).await?;
        let ReadTraffic { since, step_ms, traffic } = read;
        let mut lines = Lines::new();
        for Traffic { edge, begin, sums } in traffic {
            let counts = query.metric.counts(edge.way, query.way) && query.sees(&edge);
            if let Some(labels) = query.by.labels(&edge).filter(|_| counts) {
                let span = (begin.0 - since.0) / step_ms;
                lines.entry(labels).or_default().entry(span).or_default().merge(&sums);
            }
        }
        if lines.is_empty() && query.by == GroupBy::Nothing {
            lines.insert(Vec::new(), BTreeMap::new());
        }
        let spans = ((query.until.0 - since.0) + step_ms - 1) / step_ms;
        let points = |sums: &BTreeMap<i64, Sums>| {
            let value = |span| query.metric.value(&sums.get(&span).copied().unwrap_or_default());
            (0..spans).map(value).collect()
        };
        let lines = largest(lines);
        let lines = lines.iter().map(|(labels, sums)| Line { labels: labels.clone(), points: points(sums) });
        Ok(Series { from: since, step_ms, lines: lines.collect() })
    }

    /// Reads the traffic of each edge in some time, the most used first. Edges without a receiver come along.
    pub(crate) async fn edges(&self, query: &SeriesQuery) -> Result<Vec<EdgeTraffic>, StatisticsError> {
        let query = SeriesQuery { by: GroupBy::Edge, ..query.clone() };
        let mut edges: BTreeMap<Edge, Sums> = BTreeMap::new();
        let read = self.read(self.traffic_query(&query, true)).await?;
        for Traffic { edge, sums, .. } in read.traffic.into_iter().filter(|row| query.sees(&row.edge)) {
            edges.entry(edge).or_default().merge(&sums);
        }
        let mut edges: Vec<_> = edges.into_iter().map(|(edge, sums)| EdgeTraffic { edge, sums }).collect();
        edges.sort_by_key(|row| std::cmp::Reverse(row.sums.attempts + row.sums.events));
        Ok(edges)
    }

    /// Reads what has the most of a metric.
    pub(crate) async fn top(
        &self,
        query: &SeriesQuery,
        limit: usize,
    ) -> Result<Vec<Ranking>, StatisticsError> {
        let read = self.read(self.traffic_query(query, true)).await?;
        let mut rows: BTreeMap<Vec<(&'static str, String)>, Sums> = BTreeMap::new();
        for Traffic { edge, sums, .. } in read.traffic {
            let counts = query.metric.counts(edge.way, query.way) && query.sees(&edge);
            if let Some(labels) = query.by.labels(&edge).filter(|_| counts) {
                rows.entry(labels).or_default().merge(&sums);
            }
        }
        let ranking = |(labels, sums)| Some(Ranking { labels, value: query.metric.value(&sums)? });
        let mut rows: Vec<_> = rows.into_iter().filter_map(ranking).filter(|row| row.value > 0.0).collect();
        rows.sort_by(|one, two| two.value.total_cmp(&one.value));
        rows.truncate(limit);
        Ok(rows)
    }

    /// The query of the store; with `whole` for one span that holds everything.
    fn traffic_query(&self, query: &SeriesQuery, whole: bool) -> TrafficQuery {
        let span = (query.until.0 - query.since.0).max(1);
        let least = span.div_euclid(i64::from(query.points.max(1))).max(1);
        let minutes = (least + Resolution::Minute.ms() - 1) / Resolution::Minute.ms();
        let step_from = |least: i64| {
            let step = STEPS.into_iter().find(|step| *step >= least);
            step.unwrap_or((least + 1439) / 1440 * 1440)
        };
        // Minutes are deleted some time after they are too old.
        let is_old = query.since < self.now().minus(MINUTES_KEPT);
        let resolution = if is_old { Resolution::Hour } else { Resolution::Minute };
        let step_ms = |least: i64| (step_from(least) * Resolution::Minute.ms()).max(resolution.ms());
        let begin = |step_ms: i64| Millis(query.since.0.div_euclid(step_ms) * step_ms);
        let fits = |(since, step_ms): &(Millis, i64)| {
            (query.until.0 - since.0 + step_ms - 1) / step_ms <= i64::from(query.points.max(1))
        };
        let aligned = |step_ms: i64| (begin(step_ms), step_ms);
        let (short, long) = (step_ms(minutes), step_ms(minutes + 1));
        // Steps begin at round times if the points are enough for that.
        let chosen = [aligned(short), aligned(long), (resolution.begin(query.since), short)];
        let (since, step_ms) = match chosen.into_iter().find(fits) {
            _ if whole => (query.since, i64::MAX / 4),
            Some(chosen) => chosen,
            None => (resolution.begin(query.since), long),
        };
        TrafficQuery {
            resolution,
            since: resolution.begin(since),
            until: query.until,
            step_ms,
            app: query.app.clone(),
            name: query.name.clone(),
            way: query.way,
            by: query.grouping(),
            patience: Duration::ZERO,
        }
    }
}

/// The lines with the most traffic, and the others as one.
fn largest(lines: Lines) -> Vec<(Labels, BTreeMap<i64, Sums>)> {
    let total =
        |spans: &BTreeMap<i64, Sums>| spans.values().map(|sums| sums.events + sums.attempts).sum::<u64>();
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(_, spans)| std::cmp::Reverse(total(spans)));
    if lines.len() <= MAX_LINES {
        return lines;
    }
    let rest = lines.split_off(MAX_LINES - 1);
    let mut other: BTreeMap<i64, Sums> = BTreeMap::new();
    let mut labels = Vec::new();
    for (of_line, spans) in rest {
        labels = of_line.into_iter().map(|(label, _)| (label, format!("({OTHER})"))).collect();
        for (span, sums) in spans {
            other.entry(span).or_default().merge(&sums);
        }
    }
    lines.push((labels, other));
    lines
}
