//! `[bridge]`, `[retry]`, `[bolt]`, `[limits]`, `[journal]` and `[stats]`: timeouts and limits of events, how long they are
//! stored, and statistics of them.

use std::time::Duration;

use super::{
    duration,
    rate::{self, Rate},
    section::Section,
    size,
};

const LEAST: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_hours(24);

/// Settings of the table `[bridge]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeConfig {
    /// Time limit of one exchange; at most 30 s.
    pub timeout: Duration,
}

impl BridgeConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let within = |text: &str| duration::parse_within(text, LEAST, Duration::from_secs(30));
        Self { timeout: top.table("bridge").parse("timeout", Duration::from_secs(10), within) }
    }
}

/// Settings of the table `[retry]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryConfig {
    /// The wait before the second attempt, the third attempt and so on. After the last attempt a delivery is dead.
    pub schedule: Vec<Duration>,
}

/// Most entries of a schedule.
const LONGEST_SCHEDULE: usize = 100;

/// Eight attempts in about 27 hours, in seconds: the schedule that Standard Webhooks suggests.
const SCHEDULE: [u64; 7] = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600];

impl RetryConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("retry");
        let schedule = table
            .list("schedule", |text| duration::parse_within(text, LEAST, 30 * DAY))
            .unwrap_or_else(|| SCHEDULE.map(Duration::from_secs).to_vec());
        if schedule.len() > LONGEST_SCHEDULE {
            table.problem(
                "schedule",
                format!("has {} entries; at most {LONGEST_SCHEDULE} are allowed", schedule.len()),
            );
        }
        Self { schedule }
    }
}

/// Settings of the table `[bolt]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoltConfig {
    /// True if errors of the Events API are sent with status 200, as Bolt sends them.
    pub http_200_errors: bool,
    /// Time limit for an optional answer after the request is written.
    pub answer_wait: Duration,
}

impl BoltConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("bolt");
        let within = |text: &str| duration::parse_within(text, Duration::ZERO, Duration::from_mins(1));
        Self {
            http_200_errors: table.boolean("http_200_errors", false),
            answer_wait: table.parse("answer_wait", Duration::from_millis(250), within),
        }
    }
}

/// The table `[limits]`; sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Largest request of the Events API.
    pub event_body: u64,
    /// Largest request of the Event Bridge.
    pub bridge_body: u64,
    /// Largest answer of a receiver to an exchange.
    pub answer_body: u64,
    /// Most events that one app may publish; `None` for no limit.
    pub publish_rate: Option<Rate>,
    /// Most hooks of one app.
    pub hooks_per_app: u64,
    /// Most deliveries of the events that one event has caused.
    pub chain_deliveries: u64,
    /// Most pending deliveries of one app's events.
    pub backlog: u64,
    /// Most bytes of one app's events with pending deliveries.
    pub backlog_bytes: u64,
}

impl LimitsConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("limits");
        Self {
            event_body: table.parse("event_body", 256 << 10, size::parse),
            bridge_body: table.parse("bridge_body", 1 << 20, size::parse),
            answer_body: table.parse("answer_body", 1 << 20, size::parse),
            publish_rate: table.parse("publish_rate", None, rate::parse),
            hooks_per_app: table.integer("hooks_per_app", &(1..=1_000_000)).unwrap_or(1000),
            chain_deliveries: table.integer("chain_deliveries", &(1..=1_000_000_000)).unwrap_or(10_000),
            backlog: table.integer("backlog", &(1..=1_000_000_000)).unwrap_or(1_000_000),
            backlog_bytes: table.parse("backlog_bytes", 4 << 30, size::parse_stored),
        }
    }
}

/// The table `[journal]`: how long finished records are stored; `None` for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalConfig {
    /// Time limit for events, deliveries and exchanges that are finished.
    pub keep: Option<Duration>,
    /// Time limit for dead deliveries, which a person may still retry.
    pub keep_dead: Option<Duration>,
    /// Time limit for entries of the audit log.
    pub keep_audit: Option<Duration>,
}

impl JournalConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        let table = top.table("journal");
        Self {
            keep: table.parse("keep", Some(30 * DAY), duration::parse_or_off),
            keep_dead: table.parse("keep_dead", Some(30 * DAY), duration::parse_or_off),
            keep_audit: table.parse("keep_audit", Some(400 * DAY), duration::parse_or_off),
        }
    }
}

/// Settings of the table `[stats]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsConfig {
    /// True if traffic is counted for statistics.
    pub enabled: bool,
}

impl StatsConfig {
    pub(super) fn read(top: &Section<'_>) -> Self {
        Self { enabled: top.table("stats").boolean("enabled", true) }
    }
}
