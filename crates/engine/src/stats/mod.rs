//! Statistics of traffic: counted where events are stored and attempts end, and stored by minute and hour.
//!
//! - [`counter`]: counts without a lock that all threads share, so that publishing and exchanging stay as fast as they are.
//! - [`ledger`]: the sums that are not stored yet, and what happened in the last minutes.
//! - [`statistics`]: collects every second, stores every ten seconds, and answers queries.

mod counter;
mod ledger;
mod series;
mod statistics;
#[cfg(test)]
mod tests;

pub use ledger::{AppTraffic, Recent};
pub use series::{EdgeTraffic, GroupBy, Line, Metric, Ranking, Series, SeriesQuery};
pub use statistics::{Collector, StatisticsError};

pub(crate) use counter::{AttemptCount, TrafficCounter};
pub(crate) use statistics::Statistics;
