//! Searches of a store in memory.

use super::exchanges::without_answer;
use super::state::{Row, State};
use crate::{
    Collector, DeliveredEvent, DeliveryFilter, DeliveryView, EventFilter, EventView, ExchangeFilter, Found,
    Order, Search, StatusCounts,
};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::id::{EventId, number_at};
use footbridge_model::query::{DeliveryFacts, EventFacts};
use std::collections::BTreeMap;

impl Search {
    /// The rows of a table that the search may look at, in its order.
    fn walk<'a, R: 'a>(
        &self,
        rows: impl DoubleEndedIterator<Item = (u64, &'a R)> + 'a,
    ) -> Box<dyn Iterator<Item = (u64, &'a R)> + 'a> {
        let (since, until) = (self.since.map_or(0, number_at), self.until.map_or(u64::MAX, number_at));
        let after = self.after;
        match self.order {
            Order::Descending => Box::new(rows.rev().filter(move |(number, _)| {
                (since..until).contains(number) && after.is_none_or(|after| *number < after)
            })),
            Order::Ascending => Box::new(rows.filter(move |(number, _)| {
                (since..until).contains(number) && after.is_none_or(|after| *number > after)
            })),
        }
    }

    /// Looks at rows until the search is over.
    fn collect<'a, R: 'a, T>(
        &self,
        rows: impl DoubleEndedIterator<Item = (u64, &'a R)> + 'a,
        read: impl Fn(&'a R) -> Option<T>,
    ) -> Found<T> {
        let mut collector = Collector::new(self);
        for (number, row) in self.walk(rows) {
            let goes_on = match read(row) {
                Some(found) => collector.keep(number, found, || false),
                None => collector.pass(number, || false),
            };
            if !goes_on {
                break;
            }
        }
        collector.finish()
    }
}

impl State {
    pub(super) fn search_events(&self, filter: &EventFilter, search: &Search) -> Found<EventView> {
        let mut of_event: BTreeMap<EventId, Vec<&Row>> = BTreeMap::new();
        for row in self.deliveries.values() {
            of_event.entry(row.delivery.event_id).or_default().push(row);
        }
        let rows = self.events.iter().map(|(id, view)| (id.number(), view));
        search.collect(rows, |view| {
            let (facts, rows) = (EventFacts::of(&view.event), of_event.get(&view.event.id));
            let all = rows.into_iter().flatten().map(|row| self.delivery_facts(row));
            let facts_of: Vec<_> =
                all.filter(|delivery| search.shows_to(std::iter::once(delivery.app))).collect();
            let shown = !facts_of.is_empty() || search.shows_to(std::iter::once(facts.publisher));
            let picked = shown && filter.picks(&facts) && search.query.matches_event(&facts, &facts_of);
            let mut statuses = StatusCounts::default();
            for facts in &facts_of {
                statuses.add(facts.status);
            }
            let view = picked.then(|| EventView { statuses, ..view.clone() })?;
            let seen = facts_of.iter().map(|delivery| (delivery.id, delivery.status));
            Some(if search.scope.is_some() { view.limited_to(seen) } else { view })
        })
    }

    pub(super) fn statuses(&self, event: EventId) -> StatusCounts {
        let mut statuses = StatusCounts::default();
        let rows = self.deliveries.values().filter(|row| row.delivery.event_id == event);
        rows.for_each(|row| statuses.add(row.delivery.status));
        statuses
    }

    pub(super) fn search_deliveries(&self, filter: &DeliveryFilter, search: &Search) -> Found<DeliveryView> {
        let rows = self.deliveries.iter().map(|(id, row)| (id.number(), row));
        search.collect(rows, |row| {
            let facts = self.delivery_facts(row);
            let event = self.events.get(&row.delivery.event_id).map(|view| EventFacts::of(&view.event));
            let of_event = !search.query.asks_about_events()
                || event.is_some_and(|event| search.query.matches_its_event(&event));
            let picked = search.shows_to(std::iter::once(facts.app))
                && self.picks(filter, row)
                && search.query.matches_delivery_itself(&facts)
                && of_event;
            picked.then(|| self.view(row)).flatten()
        })
    }

    pub(super) fn search_exchanges(&self, filter: &ExchangeFilter, search: &Search) -> Found<ExchangeRecord> {
        let rows = self.exchanges.iter().map(|(id, exchange)| (id.number(), exchange));
        search.collect(rows, |exchange| {
            let record = &exchange.record;
            let apps = [record.head.sender.as_str(), record.head.recipient.as_str()].into_iter();
            let picked =
                search.shows_to(apps) && filter.picks(record) && search.query.matches_exchange(record);
            picked.then(|| without_answer(record.clone()))
        })
    }

    fn delivery_facts<'a>(&'a self, row: &'a Row) -> DeliveryFacts<'a> {
        let delivery = &row.delivery;
        DeliveryFacts {
            id: delivery.id,
            event: delivery.event_id,
            hook: delivery.hook_id,
            app: self.hooks.get(&delivery.hook_id).map_or("", |kept| kept.hook.app.as_str()),
            status: delivery.status,
            code: delivery.last_status,
            error: delivery.last_error.as_deref(),
            ms: row.attempts.last().map(|attempt| attempt.ms),
        }
    }

    pub(super) fn view(&self, row: &Row) -> Option<DeliveryView> {
        let hook = self.hooks.get(&row.delivery.hook_id)?.hook.clone();
        let event = self.events.get(&row.delivery.event_id).map(|view| DeliveredEvent {
            name: view.event.name.clone(),
            publisher: view.event.publisher.clone(),
            test: view.event.provenance.test,
        });
        let last_ms = row.attempts.last().map(|attempt| attempt.ms);
        Some(DeliveryView { delivery: row.delivery.clone(), hook, event, last_ms, attempts: Vec::new() })
    }
}
