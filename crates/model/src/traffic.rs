//! Statistics of traffic: who sent what to whom, how often, how well and how fast.

use crate::time::Millis;

/// The way of an event through the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// A page published it.
    Page,
    /// An app or the server published it.
    Publish,
    /// It was sent to one recipient, whose answer went back.
    Exchange,
}

impl Way {
    /// All ways of events.
    pub const ALL: [Self; 3] = [Self::Page, Self::Publish, Self::Exchange];

    /// The word for it in answers and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Publish => "publish",
            Self::Exchange => "exchange",
        }
    }
}

/// The text is not the name of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a way is `page`, `publish` or `exchange`")]
pub struct BadWay;

impl std::str::FromStr for Way {
    type Err = BadWay;

    fn from_str(text: &str) -> Result<Self, BadWay> {
        Self::ALL.into_iter().find(|way| way.as_str() == text).ok_or(BadWay)
    }
}

/// One direction of traffic: from whom, what, to whom, and which way. Grouped traffic has empty parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    /// The app that published or sent.
    pub from: String,
    /// The name of the event, or the type of an exchange.
    pub name: String,
    /// The app that receives; empty for the acceptance of an event, which has no receiver.
    pub to: String,
    /// The way of the events.
    pub way: Way,
}

/// The name under which traffic is counted that exceeds the largest number of edges.
pub const OTHER: &str = "other";

impl Edge {
    /// The edge of all traffic of a way that has no edge of its own. No app can have its names: they have brackets.
    pub fn other(way: Way) -> Self {
        let name = || format!("({OTHER})");
        Self { from: name(), name: name(), to: name(), way }
    }

    /// Returns true if this is the edge of traffic that has no edge of its own.
    pub fn is_other(&self) -> bool {
        self.from.starts_with('(')
    }
}

/// The upper ends of the classes of latencies, in milliseconds. A last class has what takes longer.
pub const BOUNDS: [u32; 19] =
    [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000, 15_000, 60_000];

/// The number of classes of latencies.
pub const CLASSES: usize = BOUNDS.len() + 1;

/// Latencies, counted in classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latencies(pub [u64; CLASSES]);

impl Latencies {
    /// Counts a latency in milliseconds.
    pub fn add(&mut self, ms: u32) {
        let class = BOUNDS.partition_point(|bound| *bound < ms);
        if let Some(count) = self.0.get_mut(class) {
            *count += 1;
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// The latency in milliseconds that this part of all (0.0 to 1.0) does not exceed, interpolated within its class;
    /// `None` if there are none.
    ///
    /// ```
    /// use footbridge_model::traffic::Latencies;
    ///
    /// let mut latencies = Latencies::default();
    /// (0..100).for_each(|_| latencies.add(40));
    /// assert_eq!(latencies.quantile(0.5), Some(40.0));
    /// assert_eq!(Latencies::default().quantile(0.5), None);
    /// ```
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let total: u64 = self.0.iter().sum();
        if total == 0 {
            return None;
        }
        let (wanted, mut below) = (part * total as f64, 0_u64);
        let mut lower = 0.0;
        for (class, count) in self.0.iter().enumerate() {
            let upper = BOUNDS.get(class).map_or(lower, |bound| f64::from(*bound));
            let reached = below + count;
            if *count > 0 && reached as f64 >= wanted {
                let within = (wanted - below as f64) / *count as f64;
                return Some(lower + (upper - lower) * within.clamp(0.0, 1.0));
            }
            (below, lower) = (reached, upper);
        }
        Some(lower)
    }
}

/// The traffic that an edge carried in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Events that were accepted, or exchanges that have ended.
    pub events: u64,
    /// Attempts that were made of deliveries.
    pub attempts: u64,
    /// Deliveries that have ended well, or exchanges that were answered.
    pub ok: u64,
    /// Attempts or exchanges that failed.
    pub failed: u64,
    /// Deliveries that became dead.
    pub dead: u64,
    /// First attempts of deliveries.
    pub first: u64,
    /// First attempts that ended well.
    pub first_ok: u64,
    /// The time of the last of these.
    pub last_at: Millis,
    /// From the acceptance of an event to the answer of its receiver, or the duration of an exchange.
    pub latencies: Latencies,
}

impl Sums {
    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.attempts += other.attempts;
        self.ok += other.ok;
        self.failed += other.failed;
        self.dead += other.dead;
        self.first += other.first;
        self.first_ok += other.first_ok;
        self.last_at = self.last_at.max(other.last_at);
        self.latencies.merge(&other.latencies);
    }

    /// The part of first attempts that ended well; `None` if there were none.
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn first_try_ok(&self) -> Option<f64> {
        (self.first > 0).then(|| self.first_ok as f64 / self.first as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_in_the_class_of_their_latency() {
        let mut latencies = Latencies::default();
        for ms in (0..90).map(|_| 4).chain((0..10).map(|_| 900)) {
            latencies.add(ms);
        }
        let quantile = |part| latencies.quantile(part).unwrap();
        assert!((3.0..=5.0).contains(&quantile(0.5)), "{}", quantile(0.5));
        assert!((500.0..=1000.0).contains(&quantile(0.95)), "{}", quantile(0.95));
        assert!((quantile(1.0) - 1000.0).abs() < 0.001);
        let mut slow = Latencies::default();
        slow.add(u32::MAX);
        assert_eq!(slow.quantile(0.95), Some(60_000.0), "the last class has no upper end");
        let mut merged = latencies;
        merged.merge(&latencies);
        assert_eq!(merged.quantile(0.5), latencies.quantile(0.5));
    }

    #[test]
    fn every_bound_ends_its_class() {
        for (class, bound) in BOUNDS.into_iter().enumerate() {
            let mut latencies = Latencies::default();
            latencies.add(bound);
            latencies.add(bound + 1);
            assert_eq!((latencies.0[class], latencies.0[class + 1]), (1, 1), "{bound}");
        }
    }
}
