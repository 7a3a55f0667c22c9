//! The traffic that was collected: sums that are not stored yet, and the last minutes.

use footbridge_journal::{HOURS_KEPT, Resolution, Traffic, TrafficFold, TrafficQuery};
use footbridge_model::time::Millis;
use footbridge_model::traffic::{Edge, Latencies, Sums, Way};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The most edges that are counted each on its own.
pub(super) const MAX_EDGES: usize = 10_000;
/// The most sums that wait while the store takes none. Further ones are lost.
const MAX_UNSAVED: usize = 20_000;
/// The number of seconds over which rates are computed.
const RATE_SECONDS: i64 = 10;
/// The length of one slot of the recent traffic, in milliseconds, and the number of slots.
const SLOT_MS: i64 = 30_000;
const SLOTS: usize = 10;

/// The traffic of the last minutes.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// Events or exchanges per second in the last ten seconds, by way.
    pub rates: [f64; 3],
    /// The deliveries of the last five minutes.
    pub deliveries: Sums,
    /// The traffic of each app, by name.
    pub apps: BTreeMap<String, AppTraffic>,
}

/// The traffic that an app sent and got.
#[derive(Debug, Clone, Copy, Default)]
pub struct AppTraffic {
    /// Events and exchanges that it sent, per second in the last five minutes.
    pub says: f64,
    /// Deliveries and exchanges that it got, per second in the last five minutes.
    pub hears: f64,
    /// Deliveries to it in the last five minutes.
    pub heard: Sums,
    /// Exchanges to it in the last five minutes.
    pub exchanges: u64,
    /// Those of them that failed.
    pub exchanges_failed: u64,
    /// When it last sent something.
    pub last_said_at: Option<Millis>,
    /// When it last got something.
    pub last_heard_at: Option<Millis>,
}

#[derive(Debug, Default)]
struct Slot {
    begin: i64,
    apps: HashMap<String, SlotApp>,
}

#[derive(Debug, Default)]
struct SlotApp {
    said: u64,
    heard: u64,
    deliveries: Sums,
    exchanges: u64,
    exchanges_failed: u64,
}

/// Everything that was collected.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Every edge with the time of its last traffic.
    edges: HashMap<Edge, Millis>,
    /// Sums by minute that the store does not have yet.
    unsaved: HashMap<(Edge, Millis), Sums>,
    /// Events by way, for each of the last seconds.
    seconds: VecDeque<(i64, [u64; 3])>,
    slots: VecDeque<Slot>,
    /// The sums that were lost because the store took none.
    lost: u64,
}

impl Ledger {
    /// Takes over the edges that are stored.
    pub(super) fn remember(&mut self, stored: Vec<(Edge, Millis)>) {
        self.edges.extend(stored);
    }

    /// Adds what an edge carried since the last collection.
    pub(super) fn add(&mut self, edge: &Edge, sums: &Sums, now: Millis) {
        self.add_recent(edge, sums, now);
        let has_room = self.edges.len() < MAX_EDGES;
        let known = match self.edges.get_mut(edge) {
            Some(last_at) => {
                *last_at = sums.last_at.max(*last_at);
                edge.clone()
            }
            None if has_room || edge.is_other() => {
                self.edges.insert(edge.clone(), sums.last_at);
                edge.clone()
            }
            None => Edge::other(edge.way),
        };
        self.put_back(Traffic { edge: known, begin: Resolution::Minute.begin(now), sums: *sums });
    }

    /// Adds a sum to those that are stored next.
    pub(super) fn put_back(&mut self, Traffic { edge, begin, sums }: Traffic) {
        let is_full = self.unsaved.len() >= MAX_UNSAVED;
        match self.unsaved.entry((edge, begin)) {
            std::collections::hash_map::Entry::Vacant(_) if is_full => self.lost += 1,
            entry => entry.or_default().merge(&sums),
        }
    }

    /// Takes the sums that are to be stored, and forgets edges of which nothing is stored any more.
    pub(super) fn take_unsaved(&mut self, now: Millis) -> Vec<Traffic> {
        self.edges.retain(|_, last_at| *last_at >= now.minus(HOURS_KEPT));
        let unsaved = std::mem::take(&mut self.unsaved);
        unsaved.into_iter().map(|((edge, begin), sums)| Traffic { edge, begin, sums }).collect()
    }

    /// Returns how many sums were lost since the last call.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// The sums that are not stored yet and that a query selects.
    pub(super) fn sum_unsaved(&self, query: TrafficQuery) -> Vec<Traffic> {
        let resolution = query.resolution;
        let mut fold = TrafficFold::new(query);
        for ((edge, begin), sums) in &self.unsaved {
            if let Some(group) = fold.group(edge) {
                fold.add(group, resolution.begin(*begin), sums);
            }
        }
        fold.finish()
    }

    fn add_recent(&mut self, edge: &Edge, sums: &Sums, now: Millis) {
        let second = now.0.div_euclid(1000);
        if self.seconds.back().is_none_or(|(last, _)| *last != second) {
            self.seconds.push_back((second, [0; 3]));
        }
        if let Some(rate) = self.seconds.back_mut().and_then(|(_, ways)| ways.get_mut(edge.way as usize)) {
            *rate += sums.events;
        }
        self.forget_old(now);
        let begin = now.0.div_euclid(SLOT_MS) * SLOT_MS;
        if self.slots.back().is_none_or(|slot| slot.begin != begin) {
            self.slots.push_back(Slot { begin, ..Slot::default() });
        }
        let Some(slot) = self.slots.back_mut() else { return };
        slot.app(&edge.from).said += sums.events;
        if !edge.to.is_empty() {
            let heard = slot.app(&edge.to);
            if edge.way == Way::Exchange {
                heard.heard += sums.events;
                heard.exchanges += sums.events;
                heard.exchanges_failed += sums.failed;
            } else {
                heard.heard += sums.ok;
                heard.deliveries.merge(sums);
            }
        }
    }

    fn forget_old(&mut self, now: Millis) {
        let second = now.0.div_euclid(1000);
        // Times in the future are those from before the clock was set back.
        self.seconds.retain(|(at, _)| (second - RATE_SECONDS..=second).contains(at));
        let oldest = now.0 - SLOT_MS * i64::try_from(SLOTS).unwrap_or(0);
        self.slots.retain(|slot| slot.begin > oldest && slot.begin <= now.0);
    }

    /// The traffic of the last minutes.
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(super) fn recent(&mut self, now: Millis) -> Recent {
        self.forget_old(now);
        let mut recent = Recent::default();
        for (_, ways) in &self.seconds {
            for (rate, count) in recent.rates.iter_mut().zip(ways) {
                *rate += *count as f64 / RATE_SECONDS as f64;
            }
        }
        let span = SLOT_MS as f64 * SLOTS as f64 / 1000.0;
        for slot in &self.slots {
            for (name, counted) in &slot.apps {
                let app = recent.apps.entry(name.clone()).or_default();
                app.says += counted.said as f64 / span;
                app.hears += counted.heard as f64 / span;
                app.heard.merge(&counted.deliveries);
                app.exchanges += counted.exchanges;
                app.exchanges_failed += counted.exchanges_failed;
                recent.deliveries.merge(&counted.deliveries);
            }
        }
        for (edge, at) in &self.edges {
            let later = |last: &mut Option<Millis>| *last = Some(last.map_or(*at, |last| last.max(*at)));
            // An edge with a receiver was heard; only the acceptance of an event and exchanges are said.
            if edge.to.is_empty() || edge.way == Way::Exchange {
                later(&mut recent.apps.entry(edge.from.clone()).or_default().last_said_at);
            }
            if !edge.to.is_empty() {
                later(&mut recent.apps.entry(edge.to.clone()).or_default().last_heard_at);
            }
        }
        recent.apps.retain(|name, _| !name.starts_with('('));
        recent
    }
}

impl Slot {
    fn app(&mut self, name: &str) -> &mut SlotApp {
        self.apps.entry(name.to_owned()).or_default()
    }
}

impl Recent {
    /// The latencies of deliveries, from the acceptance of the event to the answer of its receiver.
    pub const fn latencies(&self) -> &Latencies {
        &self.deliveries.latencies
    }
}
