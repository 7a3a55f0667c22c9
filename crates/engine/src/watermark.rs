//! The low watermark: every event up to this id is committed or refused.
//!
//! An event gets its id before the journal stores it, and of two publishers the later one may commit first. A page that
//! resumes after an id must not miss an earlier event, so it gets an id to resume from only once no earlier event is
//! open.

use footbridge_model::id::{EventId, IdSource};
use footbridge_model::time::Millis;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gives events their ids and tracks which of them are open: neither committed nor refused.
#[derive(Debug)]
pub(crate) struct Watermark {
    ids: Arc<IdSource>,
    open: Mutex<OpenIds>,
}

#[derive(Debug, Default)]
struct OpenIds {
    numbers: BTreeSet<u64>,
    /// The highest watermark so far; it never goes back.
    #[cfg(debug_assertions)]
    highest: u64,
}

impl OpenIds {
    /// Every number up to this one is committed or refused, given the last number that was assigned.
    fn watermark(&mut self, last: u64) -> u64 {
        let watermark = self.numbers.first().map_or(last, |first| first - 1);
        #[cfg(debug_assertions)]
        {
            debug_assert!(
                watermark >= self.highest,
                "the watermark went back from {} to {watermark}",
                self.highest
            );
            self.highest = watermark;
        }
        watermark
    }
}

impl Watermark {
    pub(crate) fn new(ids: Arc<IdSource>) -> Self {
        Self { ids, open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, OpenIds> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lower bound for the ids of all events that this server commits from now on.
    pub(crate) fn floor(&self, now: Millis) -> EventId {
        let open = self.lock();
        // Draws an id, so that later events get higher ones even if the clock is set back. Under the lock, so that no
        // event gets a lower one meanwhile.
        EventId::from_number(open.numbers.first().copied().unwrap_or_else(|| self.ids.next(now)))
    }

    /// Assigns an id to an event, and the ids after it to its deliveries. The event is open until the guard is dropped.
    pub(crate) fn open(self: &Arc<Self>, now: Millis, deliveries: u64) -> OpenEvent {
        let mut open = self.lock();
        // Under the lock, so that no other event gets an id before this one counts as open.
        let id = self.ids.block(now, deliveries + 1);
        open.numbers.insert(id);
        OpenEvent { id, watermark: Arc::clone(self) }
    }

    /// The number of the oldest open event; `u64::MAX` if none is open.
    pub(crate) fn oldest_open(&self) -> u64 {
        self.lock().numbers.first().copied().unwrap_or(u64::MAX)
    }

    /// The events that are open now.
    pub(crate) fn snapshot(&self) -> WatermarkSnapshot {
        let mut open = self.lock();
        let last = self.ids.last();
        open.watermark(last);
        WatermarkSnapshot { open: open.numbers.iter().copied().collect(), last }
    }
}

/// The events that were open at one moment.
#[derive(Debug)]
pub(crate) struct WatermarkSnapshot {
    open: Vec<u64>,
    /// The last number that was assigned.
    last: u64,
}

impl WatermarkSnapshot {
    /// The low watermark: every event up to this id is committed or refused.
    ///
    /// Open events for which `is_committed` returns true count as committed.
    pub(crate) fn low_watermark(&self, is_committed: impl Fn(EventId) -> bool) -> EventId {
        let first = self.open.iter().find(|id| !is_committed(EventId::from_number(**id)));
        EventId::from_number(first.map_or(self.last, |first| first - 1))
    }
}

/// An open event; dropping it closes the event.
#[derive(Debug)]
pub(crate) struct OpenEvent {
    id: u64,
    watermark: Arc<Watermark>,
}

impl OpenEvent {
    /// The number of the event; the numbers of its deliveries follow it.
    pub(crate) const fn number(&self) -> u64 {
        self.id
    }

    /// The low watermark once this event is closed.
    pub(crate) fn watermark_after(&self) -> EventId {
        self.watermark.snapshot().low_watermark(|id| id.number() == self.id)
    }
}

impl Drop for OpenEvent {
    fn drop(&mut self) {
        let was_open = self.watermark.lock().numbers.remove(&self.id);
        debug_assert!(was_open, "event {} is closed twice", self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_passes_an_id_once_all_earlier_events_are_closed() {
        let watermark = Arc::new(Watermark::new(Arc::new(IdSource::above(9))));
        let low = || watermark.snapshot().low_watermark(|_| false).number();
        assert_eq!(low(), 9);
        let [first, second, third] = [2, 0, 1].map(|deliveries| watermark.open(Millis(0), deliveries));
        assert_eq!([&first, &second, &third].map(OpenEvent::number), [10, 13, 14]);
        let after = |event: &OpenEvent| event.watermark_after().number();
        assert_eq!((low(), after(&first), after(&second)), (9, 12, 9));
        drop(second);
        assert_eq!(low(), 9);
        drop(first);
        assert_eq!((low(), after(&third)), (13, 15));
        drop(third);
        assert_eq!(low(), 15);
    }
}
