//! Counts traffic on the threads that carry it.

use footbridge_model::delivery::{Attempt, Next};
use footbridge_model::event::Event;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome};
use footbridge_model::name::AppName;
use footbridge_model::provenance::Via;
use footbridge_model::time::Millis;
use footbridge_model::traffic::{Edge, Sums, Way};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of parts, each with a lock of its own. Two threads wait for each other only if they count edges of the same
/// part within the same nanoseconds.
const PARTS: usize = 32;
/// The most edges of one part between two collections. Further ones are counted as other traffic.
const PART_EDGES: usize = 1024;

/// Counts the traffic since the last collection.
#[derive(Debug)]
pub(crate) struct TrafficCounter {
    enabled: bool,
    hasher: RandomState,
    parts: [Mutex<Part>; PARTS],
}

/// Edges by the hash of their names. An edge whose place is taken has the next one.
type Part = HashMap<u64, (Edge, Sums), BuildHasherDefault<HashedAlready>>;

/// Takes a key that is a hash as its hash.
#[derive(Debug, Default)]
struct HashedAlready(u64);

impl Hasher for HashedAlready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys are numbers, which arrive at `write_u64`.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The names of an edge, borrowed from what is counted.
#[derive(Clone, Copy)]
struct EdgeNames<'a> {
    from: &'a str,
    name: &'a str,
    to: &'a str,
    way: Way,
}

impl EdgeNames<'_> {
    fn are_of(&self, edge: &Edge) -> bool {
        self.name == edge.name && self.to == edge.to && self.from == edge.from && self.way == edge.way
    }

    fn to_edge(self) -> Edge {
        let Self { from, name, to, way } = self;
        Edge { from: from.to_owned(), name: name.to_owned(), to: to.to_owned(), way }
    }
}

/// An attempt that has ended, with what follows for its delivery.
pub(crate) struct AttemptCount<'a> {
    /// The event that was delivered.
    pub(crate) event: &'a Event,
    /// The app of the hook.
    pub(crate) to: &'a AppName,
    /// The attempt as it is stored.
    pub(crate) attempt: &'a Attempt,
    /// The decision about the delivery after the attempt.
    pub(crate) next: &'a Next,
}

impl TrafficCounter {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled, hasher: RandomState::new(), parts: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Returns true if traffic is counted at all.
    pub(crate) const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Counts an event that is stored.
    pub(crate) fn event(&self, event: &Event) {
        let (from, name) = (event.publisher.as_str(), event.name.as_str());
        self.count(EdgeNames { from, name, to: "", way: way(event) }, |sums| {
            sums.events += 1;
            sums.last_at = event.time;
        });
    }

    /// Counts an attempt of a delivery.
    pub(crate) fn attempt(&self, count: &AttemptCount<'_>) {
        let AttemptCount { event, to, attempt, next } = count;
        let (from, name, to) = (event.publisher.as_str(), event.name.as_str(), to.as_str());
        self.count(EdgeNames { from, name, to, way: way(event) }, |sums| {
            let (is_first, is_ok) = (attempt.n == 1, matches!(next, Next::Delivered | Next::Unanswered));
            let ended = Millis(attempt.at.0.saturating_add(attempt.ms.into()));
            sums.attempts += 1;
            sums.first += u64::from(is_first);
            sums.ok += u64::from(is_ok);
            sums.first_ok += u64::from(is_first && is_ok);
            sums.failed += u64::from(!is_ok);
            sums.dead += u64::from(matches!(next, Next::Dead(_) | Next::Gone));
            sums.last_at = sums.last_at.max(ended);
            if is_ok {
                let took = event.time.until(ended).as_millis();
                sums.latencies.add(u32::try_from(took).unwrap_or(u32::MAX));
            }
        });
    }

    /// Counts an exchange that has ended.
    pub(crate) fn exchange(&self, head: &ExchangeHead, outcome: &ExchangeOutcome, ms: u32) {
        let (from, name, to) = (head.sender.as_str(), head.event_type.as_str(), head.recipient.as_str());
        self.count(EdgeNames { from, name, to, way: Way::Exchange }, |sums| {
            let is_ok = matches!(outcome, ExchangeOutcome::Answered(_));
            sums.events += 1;
            sums.ok += u64::from(is_ok);
            sums.failed += u64::from(!is_ok);
            sums.last_at = sums.last_at.max(head.at);
            if is_ok {
                sums.latencies.add(ms);
            }
        });
    }

    fn count(&self, names: EdgeNames<'_>, update: impl FnOnce(&mut Sums)) {
        if !self.enabled {
            return;
        }
        let mut hasher = self.hasher.build_hasher();
        for text in [names.from, names.name, names.to] {
            // Without separators: edges with the same hash are told apart by their names.
            hasher.write(text.as_bytes());
        }
        let mut place = hasher.finish() ^ names.way as u64;
        let mut part = self.part(place);
        let is_full = part.len() >= PART_EDGES;
        loop {
            match part.entry(place) {
                Entry::Occupied(entry) => {
                    let (edge, sums) = entry.into_mut();
                    if names.are_of(edge) {
                        return update(sums);
                    }
                    place = place.wrapping_add(1);
                }
                Entry::Vacant(_) if is_full => break,
                Entry::Vacant(entry) => {
                    return update(&mut entry.insert((names.to_edge(), Sums::default())).1);
                }
            }
        }
        // The edges of other traffic have places that no hash is expected to hit.
        let (_, sums) = part
            .entry(u64::MAX - names.way as u64)
            .or_insert_with(|| (Edge::other(names.way), Sums::default()));
        update(sums);
    }

    #[allow(clippy::indexing_slicing, reason = "the remainder is below the length")]
    fn part(&self, hash: u64) -> MutexGuard<'_, Part> {
        self.parts[(hash >> 32) as usize % PARTS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over what was counted since the last call. An edge without traffic since then is forgotten.
    pub(crate) fn collect(&self, mut take: impl FnMut(&Edge, &Sums)) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.retain(|_, (edge, sums)| {
                let counted = std::mem::take(sums);
                let is_used = counted != Sums::default();
                if is_used {
                    take(edge, &counted);
                }
                is_used
            });
        }
    }
}

/// The way of an event.
const fn way(event: &Event) -> Way {
    match event.provenance.via {
        Via::Page => Way::Page,
        Via::Api | Via::Function | Via::System | Via::Console => Way::Publish,
    }
}
