//! The ids that a search may look at, and its clock.

use crate::column::key;
use footbridge_journal::{Budget, Order, Search};
use footbridge_model::id::number_at;
use std::time::Instant;

/// A range of ids in an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdRange {
    /// The lowest id of the range.
    pub(super) from: i64,
    /// The lowest id above the range.
    pub(super) to: i64,
    order: Order,
}

impl IdRange {
    pub(super) fn of(search: &Search) -> Self {
        let mut range = Self {
            from: search.since.map_or(0, |since| key(number_at(since))),
            to: search.until.map_or(i64::MAX, |until| key(number_at(until))),
            order: search.order,
        };
        match (search.order, search.after.map(key)) {
            (_, None) => {}
            (Order::Descending, Some(after)) => range.to = range.to.min(after),
            (Order::Ascending, Some(after)) => range.from = range.from.max(after.saturating_add(1)),
        }
        range
    }

    /// Leaves only this id in the range.
    pub(super) fn only(&mut self, id: i64) {
        self.from = self.from.max(id);
        self.to = self.to.min(id.saturating_add(1));
    }

    /// The keyword of the order.
    pub(super) const fn direction(&self) -> &'static str {
        match self.order {
            Order::Descending => "DESC",
            Order::Ascending => "ASC",
        }
    }
}

/// Returns the function that is true once the time of a search is over.
pub(super) fn clock(budget: Budget) -> impl Fn() -> bool {
    let end = budget.time.and_then(|time| Instant::now().checked_add(time));
    move || end.is_some_and(|end| Instant::now() >= end)
}
