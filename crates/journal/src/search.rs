//! Searches: what lists, exports and jobs ask of the history, and how far one call goes.

use footbridge_model::name::AppName;
use footbridge_model::query::Query;
use footbridge_model::time::Millis;
use std::collections::BTreeSet;
use std::time::Duration;

/// The order of a list, by id and so by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest row comes first.
    #[default]
    Descending,
    /// The oldest row comes first.
    Ascending,
}

/// How much one call may read. A search that stops at its budget goes on with the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The longest time of reading; `None` for any. A store without a clock ignores it.
    pub time: Option<Duration>,
    /// The largest number of rows that are looked at.
    pub rows: u64,
}

impl Budget {
    /// The budget without a limit.
    pub const UNLIMITED: Self = Self { time: None, rows: u64::MAX };
}

/// One step of a search.
#[derive(Debug, Clone)]
pub struct Search {
    /// The query that must match, besides the filter.
    pub query: Query,
    /// Only what was made at or after this time, by the time in the id.
    pub since: Option<Millis>,
    /// Only what was made before this time, by the time in the id.
    pub until: Option<Millis>,
    /// The order of the rows.
    pub order: Order,
    /// Only ids beyond this number, in the order.
    pub after: Option<u64>,
    /// The largest number of rows that are returned.
    pub limit: u32,
    /// How much the call may read.
    pub budget: Budget,
    /// Only what these apps see; `None` for everything. An app sees what it publishes, sends, gets or answers.
    pub scope: Option<BTreeSet<AppName>>,
}

impl Search {
    /// The search for everything, newest first, without a limit of reading.
    pub fn all(after: Option<u64>, limit: u32) -> Self {
        Self {
            query: Query::default(),
            since: None,
            until: None,
            order: Order::Descending,
            after,
            limit,
            budget: Budget::UNLIMITED,
            scope: None,
        }
    }

    /// Returns true if one of these apps, in any spelling, is in the scope.
    pub fn shows_to(&self, mut apps: impl Iterator<Item: AsRef<str>>) -> bool {
        let Some(scope) = &self.scope else { return true };
        apps.any(|app| scope.iter().any(|known| known.key().eq_ignore_ascii_case(app.as_ref())))
    }
}

/// The outcome of one step of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The rows that match, in the order of the search.
    pub rows: Vec<T>,
    /// How many rows were looked at.
    pub looked_at: u64,
    /// Go on after this number; `None` when everything was looked at.
    pub next: Option<u64>,
    /// True if the budget was used up before the limit was reached.
    pub stopped: bool,
}

impl<T> Found<T> {
    /// The same with rows of another form.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Found<U> {
        let Self { rows, looked_at, next, stopped } = self;
        Found { rows: rows.into_iter().map(view).collect(), looked_at, next, stopped }
    }
}

/// Collects the rows of a search, and decides when it is over.
#[derive(Debug)]
pub struct Collector<T> {
    found: Found<T>,
    limit: usize,
    most: u64,
    last_kept: u64,
}

/// How many rows are looked at between two looks at the clock.
const PATIENCE: u64 = 16;

impl<T> Collector<T> {
    /// The collector for a search.
    pub fn new(search: &Search) -> Self {
        let found = Found { rows: Vec::new(), looked_at: 0, next: None, stopped: false };
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        Self { found, limit, most: search.budget.rows, last_kept: 0 }
    }

    /// Returns true if another row that matches would only show that there are more.
    pub fn is_full(&self) -> bool {
        self.found.rows.len() >= self.limit
    }

    /// Takes note of the row with this number, which did not match. Returns false when the search is over.
    pub fn pass(&mut self, number: u64, out_of_time: impl FnOnce() -> bool) -> bool {
        self.found.looked_at += 1;
        let looked_at = self.found.looked_at;
        if looked_at >= self.most || (looked_at.is_multiple_of(PATIENCE) && out_of_time()) {
            self.found.next = Some(number);
            self.found.stopped = !self.is_full();
            return false;
        }
        true
    }

    /// Takes the row with this number, which matches. Returns false when the search is over.
    pub fn keep(&mut self, number: u64, row: T, out_of_time: impl FnOnce() -> bool) -> bool {
        if self.is_full() {
            self.found.next = Some(self.last_kept);
            return false;
        }
        self.found.rows.push(row);
        self.last_kept = number;
        self.pass(number, out_of_time)
    }

    /// Returns what was found.
    pub fn finish(self) -> Found<T> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(limit: u32, rows: u64, slow: bool) -> (Vec<u64>, Option<u64>, bool) {
        let search = Search { budget: Budget { time: None, rows }, ..Search::all(None, limit) };
        let mut collector = Collector::new(&search);
        for number in (1..=40).rev() {
            let goes_on = if number % 2 == 0 {
                collector.keep(number, number, || slow)
            } else {
                collector.pass(number, || slow)
            };
            if !goes_on {
                break;
            }
        }
        let Found { rows, next, stopped, .. } = collector.finish();
        (rows, next, stopped)
    }

    #[test]
    fn a_search_ends_at_its_limit_its_budget_or_its_end() {
        assert_eq!(walk(2, u64::MAX, false), (vec![40, 38], Some(38), false));
        assert_eq!(walk(99, 5, false), (vec![40, 38, 36], Some(36), true));
        assert_eq!(walk(2, 4, false), (vec![40, 38], Some(37), false));
        assert_eq!(walk(3, u64::MAX, true).1, Some(36));
        let (rows, next, stopped) = walk(99, u64::MAX, true);
        assert_eq!((rows.len(), next, stopped), (8, Some(25), true));
        let (rows, next, stopped) = walk(99, u64::MAX, false);
        assert_eq!((rows.len(), next, stopped), (20, None, false));
    }
}
