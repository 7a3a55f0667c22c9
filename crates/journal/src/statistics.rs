//! The port of the statistics of traffic.

use crate::Wait;
use footbridge_model::id::{DeliveryId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use footbridge_model::traffic::{Edge, Sums, Way};
use std::collections::HashMap;
use std::time::Duration;

/// How long sums of minutes are stored.
pub const MINUTES_KEPT: Duration = Duration::from_hours(48);
/// How long sums of hours are stored.
pub const HOURS_KEPT: Duration = Duration::from_hours(90 * 24);

/// The time that one stored sum covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// One minute; stored for [`MINUTES_KEPT`].
    Minute,
    /// One hour; stored for [`HOURS_KEPT`].
    Hour,
}

impl Resolution {
    /// The length of the time, in milliseconds.
    pub const fn ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
        }
    }

    /// The beginning of the minute or hour that contains this time.
    pub const fn begin(self, at: Millis) -> Millis {
        Millis(at.0.div_euclid(self.ms()) * self.ms())
    }
}

/// The traffic of an edge in one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// The edge; with the parts that a query leaves out empty.
    pub edge: Edge,
    /// The beginning of the span.
    pub begin: Millis,
    /// The traffic that the edge carried in it.
    pub sums: Sums,
}

/// The parts of an edge by which traffic is grouped; the others are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grouping {
    /// The app that published or sent.
    pub from: bool,
    /// The name of the event.
    pub name: bool,
    /// The app that receives.
    pub to: bool,
}

/// Selects traffic and groups it.
#[derive(Debug, Clone)]
pub struct TrafficQuery {
    /// Which sums to read.
    pub resolution: Resolution,
    /// From the span that begins at this time.
    pub since: Millis,
    /// Up to the spans that begin before this time.
    pub until: Millis,
    /// The length of the spans of the answer, which begin at `since`, in milliseconds.
    pub step_ms: i64,
    /// Only from or to this app.
    pub app: Option<AppName>,
    /// Only of these names: a text in which `*` stands for anything.
    pub name: Option<String>,
    /// Only of this way.
    pub way: Option<Way>,
    /// The parts by which the answer is grouped, beside the way.
    pub by: Grouping,
    /// How long reading may take.
    pub patience: Duration,
}

impl TrafficQuery {
    /// The group that an edge belongs to; `None` if the query leaves the edge out.
    fn group(&self, edge: &Edge) -> Option<Edge> {
        let is_app = |app: &AppName| {
            edge.from.eq_ignore_ascii_case(app.as_str()) || edge.to.eq_ignore_ascii_case(app.as_str())
        };
        let picked = self.way.is_none_or(|way| way == edge.way)
            && self.app.as_ref().is_none_or(is_app)
            && self.name.as_deref().is_none_or(|pattern| matches_glob(pattern, &edge.name));
        let part = |wanted: bool, part: &String| if wanted { part.clone() } else { String::new() };
        picked.then(|| Edge {
            from: part(self.by.from, &edge.from),
            name: part(self.by.name, &edge.name),
            to: part(self.by.to, &edge.to),
            way: edge.way,
        })
    }
}

/// Returns true if `text` matches a pattern in which `*` stands for anything, also for nothing. Case does not count.
pub fn matches_glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Sums up stored traffic for a query. Every store uses it, so that all answer alike.
#[derive(Debug)]
pub struct TrafficFold {
    query: TrafficQuery,
    groups: Vec<Edge>,
    by_edge: HashMap<Edge, usize>,
    spans: HashMap<(usize, i64), Sums>,
}

/// The place of a group in a [`TrafficFold`].
#[derive(Debug, Clone, Copy)]
pub struct Group(usize);

impl TrafficFold {
    /// Starts to sum up for a query.
    pub fn new(query: TrafficQuery) -> Self {
        Self { query, groups: Vec::new(), by_edge: HashMap::new(), spans: HashMap::new() }
    }

    /// The group of an edge; `None` if the query leaves the edge out.
    pub fn group(&mut self, edge: &Edge) -> Option<Group> {
        let group = self.query.group(edge)?;
        let next = self.groups.len();
        let place = *self.by_edge.entry(group.clone()).or_insert(next);
        if place == next {
            self.groups.push(group);
        }
        Some(Group(place))
    }

    /// Adds a stored sum.
    pub fn add(&mut self, group: Group, begin: Millis, sums: &Sums) {
        if begin >= self.query.since && begin < self.query.until {
            let span = (begin.0 - self.query.since.0) / self.query.step_ms.max(1);
            self.spans.entry((group.0, span)).or_default().merge(sums);
        }
    }

    /// The sums, by group and time.
    pub fn finish(self) -> Vec<Traffic> {
        let Self { query, groups, spans, .. } = self;
        let traffic = |((group, span), sums): ((usize, i64), Sums)| {
            let begin = Millis(query.since.0 + span * query.step_ms.max(1));
            Some(Traffic { edge: groups.get(group)?.clone(), begin, sums })
        };
        let mut found: Vec<Traffic> = spans.into_iter().filter_map(traffic).collect();
        found.sort_by(|one, two| (&one.edge, one.begin).cmp(&(&two.edge, two.begin)));
        found
    }
}

/// The dead deliveries of one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadDeliveries {
    /// The hook that did not get them.
    pub hook: HookId,
    /// The app of the hook.
    pub app: AppName,
    /// The number of dead deliveries.
    pub count: u64,
    /// The first of them.
    pub first: DeliveryId,
    /// Their last HTTP statuses with their numbers, the most frequent first; `None` for no answer. At most five.
    pub codes: Vec<(Option<u16>, u64)>,
}

/// The pending deliveries of one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDeliveries {
    /// The hook that they go to.
    pub hook: HookId,
    /// Their number, counted up to [`WaitingDeliveries::MAX_COUNT`].
    pub count: u64,
    /// The delivery that is attempted next.
    pub head: DeliveryId,
    /// The attempts of the head so far.
    pub attempts: u32,
    /// When the head is due.
    pub due: Millis,
    /// The HTTP status of the head's last answer.
    pub last_status: Option<u16>,
    /// The error of the head's last attempt.
    pub last_error: Option<String>,
}

impl WaitingDeliveries {
    /// The most deliveries of a hook that are counted.
    pub const MAX_COUNT: u64 = 10_000;
}

/// Stores statistics, and counts rows for the list of what needs an operator.
pub trait Statistics: Send + Sync {
    /// Adds the traffic of minutes to what is stored for these minutes and their hours.
    fn add_traffic(&self, minutes: Vec<Traffic>) -> Wait<()>;

    /// Returns the traffic that a query selects, grouped; `None` if reading took longer than the query allows.
    fn traffic(&self, query: TrafficQuery) -> Wait<Option<Vec<Traffic>>>;

    /// Returns every edge that is stored with the time of its last traffic.
    fn traffic_edges(&self) -> Wait<Vec<(Edge, Millis)>>;

    /// Returns the dead deliveries by hook, at most `limit` hooks.
    fn dead_deliveries(&self, limit: u32) -> Wait<Vec<DeadDeliveries>>;

    /// Returns the pending deliveries by hook, in the order of the hooks' ids above `after`, at most `limit` hooks.
    fn waiting_deliveries(&self, after: Option<HookId>, limit: u32) -> Wait<Vec<WaitingDeliveries>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("order-*", "order-paid", true),
            ("order-*", "Order-Paid", true),
            ("order-*", "reorder-paid", false),
            ("*paid", "order-paid", true),
            ("*r-p*", "order-paid", true),
            ("o*r*d", "order-paid", true),
            ("order", "order-paid", false),
            ("order-paid*", "order-paid", true),
            ("ab*ba", "aba", false),
            ("*", "", true),
        ] {
            assert_eq!(matches_glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
