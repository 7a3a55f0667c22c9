//! Statistics of a store in memory.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::state::{Row, State};
use crate::{
    DeadDeliveries, HOURS_KEPT, MINUTES_KEPT, Resolution, Statistics, Traffic, TrafficFold, TrafficQuery,
    Wait, WaitingDeliveries,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::HookId;
use footbridge_model::time::Millis;
use footbridge_model::traffic::Edge;
use std::cmp::Reverse;
use std::collections::BTreeMap;

impl State {
    fn add_traffic(&mut self, minutes: Vec<Traffic>) {
        for Traffic { edge, begin, sums } in minutes {
            let hour = Resolution::Hour.begin(begin);
            self.traffic.entry((true, hour, edge.clone())).or_default().merge(&sums);
            self.traffic.entry((false, begin, edge)).or_default().merge(&sums);
        }
    }

    pub(super) fn prune_traffic(&mut self, now: Millis) {
        self.traffic.retain(|(hourly, begin, _), _| {
            *begin >= now.minus(if *hourly { HOURS_KEPT } else { MINUTES_KEPT })
        });
    }

    fn sum_traffic(&self, query: TrafficQuery) -> Vec<Traffic> {
        let hours = query.resolution == Resolution::Hour;
        let mut fold = TrafficFold::new(query);
        for ((hourly, begin, edge), sums) in &self.traffic {
            if *hourly == hours
                && let Some(group) = fold.group(edge)
            {
                fold.add(group, *begin, sums);
            }
        }
        fold.finish()
    }

    fn dead_deliveries(&self) -> Vec<DeadDeliveries> {
        let mut by_hook: BTreeMap<HookId, Vec<&Row>> = BTreeMap::new();
        for row in self.deliveries.values().filter(|row| row.delivery.status == DeliveryStatus::Dead) {
            by_hook.entry(row.delivery.hook_id).or_default().push(row);
        }
        let of_hook = |(hook, rows): (HookId, Vec<&Row>)| {
            let mut codes: BTreeMap<Option<u16>, u64> = BTreeMap::new();
            for row in &rows {
                *codes.entry(row.delivery.last_status).or_default() += 1;
            }
            let mut codes: Vec<_> = codes.into_iter().collect();
            codes.sort_by_key(|(_, count)| Reverse(*count));
            codes.truncate(5);
            let app = self.hooks.get(&hook)?.hook.app.clone();
            let first = rows.first()?.delivery.id;
            Some(DeadDeliveries { hook, app, count: rows.len() as u64, first, codes })
        };
        by_hook.into_iter().filter_map(of_hook).collect()
    }

    fn waiting_deliveries(&self, after: Option<HookId>) -> Vec<WaitingDeliveries> {
        let mut found: BTreeMap<HookId, WaitingDeliveries> = BTreeMap::new();
        for (hook, due, id) in &self.pending {
            if after.is_some_and(|after| *hook <= after) {
                continue;
            }
            let Some(row) = self.deliveries.get(id) else { continue };
            let ordered = self.hooks.get(hook).is_some_and(|stored| stored.hook.options.ordered);
            let of_row = || WaitingDeliveries {
                hook: *hook,
                count: 0,
                head: *id,
                attempts: row.delivery.attempts,
                due: *due,
                last_status: row.delivery.last_status,
                last_error: row.delivery.last_error.clone(),
            };
            let waiting = found.entry(*hook).or_insert_with(of_row);
            if ordered && *id < waiting.head {
                *waiting = WaitingDeliveries { count: waiting.count, ..of_row() };
            }
            waiting.count = (waiting.count + 1).min(WaitingDeliveries::MAX_COUNT);
        }
        found.into_values().collect()
    }
}

impl Statistics for MemoryJournal {
    fn add_traffic(&self, minutes: Vec<Traffic>) -> Wait<()> {
        self.call(CallKind::AddTraffic, move |state, _| {
            state.add_traffic(minutes);
            Ok(())
        })
    }

    fn traffic(&self, query: TrafficQuery) -> Wait<Option<Vec<Traffic>>> {
        self.call(CallKind::Read, move |state, _| Ok(Some(state.sum_traffic(query))))
    }

    fn traffic_edges(&self) -> Wait<Vec<(Edge, Millis)>> {
        self.call(CallKind::Read, |state, _| {
            let mut edges: BTreeMap<Edge, Millis> = BTreeMap::new();
            for ((_, _, edge), sums) in &state.traffic {
                let last = edges.entry(edge.clone()).or_default();
                *last = sums.last_at.max(*last);
            }
            Ok(edges.into_iter().collect())
        })
    }

    fn dead_deliveries(&self, limit: u32) -> Wait<Vec<DeadDeliveries>> {
        self.call(CallKind::Read, move |state, _| Ok(first(state.dead_deliveries(), limit)))
    }

    fn waiting_deliveries(&self, after: Option<HookId>, limit: u32) -> Wait<Vec<WaitingDeliveries>> {
        self.call(CallKind::Read, move |state, _| Ok(first(state.waiting_deliveries(after), limit)))
    }
}

fn first<T>(mut rows: Vec<T>, limit: u32) -> Vec<T> {
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows
}
