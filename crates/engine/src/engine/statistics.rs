//! Statistics of traffic, and the queues of all hooks.

use super::build::{Engine, Inner};
use crate::queues::QueueOverview;
use crate::reach::{self, Reached};
use crate::stats::{EdgeTraffic, Ranking, Recent, Series, SeriesQuery, StatisticsError};
use crate::tail::TailWatcher;
use footbridge_journal::JournalError;
use footbridge_model::hook::Hook;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::traffic::Edge;
use std::sync::Arc;

impl Engine {
    /// The traffic of the last minutes.
    pub fn recent_traffic(&self) -> Recent {
        self.0.statistics.recent()
    }

    /// The course of a metric.
    ///
    /// # Errors
    /// [`StatisticsError`]
    pub async fn traffic_series(&self, query: SeriesQuery) -> Result<Series, StatisticsError> {
        self.0.statistics.series(query).await
    }

    /// The traffic of each edge, the most used first. The edges of events without a receiver have an empty `to`.
    ///
    /// # Errors
    /// [`StatisticsError`]
    pub async fn traffic_edges(&self, query: &SeriesQuery) -> Result<Vec<EdgeTraffic>, StatisticsError> {
        self.0.statistics.edges(query).await
    }

    /// The apps, names or edges with the most of a metric, at most `limit` rows.
    ///
    /// # Errors
    /// [`StatisticsError`]
    pub async fn traffic_top(
        &self,
        query: &SeriesQuery,
        limit: usize,
    ) -> Result<Vec<Ranking>, StatisticsError> {
        self.0.statistics.top(query, limit).await
    }

    /// The hook that makes the receiver of an edge get its events, if there is one now.
    pub fn hook_of_edge(&self, edge: &Edge) -> Option<Hook> {
        let (from, name) = (AppName::any(&edge.from)?, EventName::parse(&edge.name).ok()?);
        let private = {
            let directory = self.0.registry.directory.load();
            directory.app(from.as_str()).is_some_and(|app| app.app.private.contains(&name))
        };
        let hooks = self.0.registry.index.load().matching(&from, &name, private);
        hooks.into_iter().find(|entry| entry.hook.app.as_str() == edge.to).map(|entry| entry.hook.clone())
    }

    /// Watches events, attempts and exchanges from now on; with `bodies`, events come with their bodies.
    pub fn tail(&self, bodies: bool) -> TailWatcher {
        self.0.publisher.tail.watch(bodies)
    }

    /// Connects to at most `limit` receivers of these apps without sending anything, and returns which of them answer.
    pub async fn reach_receivers(&self, of: impl Fn(&AppName) -> bool, limit: usize) -> Vec<Reached> {
        reach::reach(&self.0.registry, of, limit).await
    }

    /// The reason why the time of day differs from the machine's clock, if it does.
    pub fn clock_doubt(&self) -> Option<String> {
        self.0.clock.doubt()
    }

    /// A random number that nobody can guess.
    pub fn random_number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The queues of all hooks, a few seconds old at most.
    ///
    /// # Errors
    /// [`JournalError`] if the store cannot be read.
    pub async fn queues(&self) -> Result<Arc<QueueOverview>, JournalError> {
        let Inner { registry, journal, clock, queues, .. } = &*self.0;
        queues.overview(registry, &**journal, &**clock).await
    }
}
