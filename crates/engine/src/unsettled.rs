//! Which events have their id and are not settled yet: neither kept nor refused.
//!
//! An id is given before the journal keeps what it names, and of two publishers the later may be quicker. A
//! page that comes back after an id must have heard of all before it: it is told an id as the one to come
//! back with only once nothing before it is under way.

use footbridge_model::id::{EventId, IdSource};
use footbridge_model::time::Millis;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gives events their ids and knows which of them are under way.
#[derive(Debug)]
pub(crate) struct Unsettled {
    ids: Arc<IdSource>,
    open: Mutex<BTreeSet<u64>>,
}

impl Unsettled {
    pub(crate) fn new(ids: Arc<IdSource>) -> Self {
        Self { ids, open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an event with so many deliveries, whose ids follow its own.
    pub(crate) fn begin(self: &Arc<Self>, now: Millis, deliveries: u64) -> Open {
        let mut open = self.lock();
        // With the lock held, so that none is given between this id and its place among the open ones.
        let id = self.ids.block(now, deliveries + 1);
        open.insert(id);
        Open { id, unsettled: Arc::clone(self) }
    }

    /// The oldest number under way, or one above all there are.
    pub(crate) fn oldest(&self) -> u64 {
        self.lock().first().copied().unwrap_or(u64::MAX)
    }

    /// What is under way now.
    pub(crate) fn look(&self) -> UnderWay {
        let open = self.lock();
        UnderWay { open: open.iter().copied().collect(), last: self.ids.last() }
    }
}

/// What was under way at one moment.
#[derive(Debug)]
pub(crate) struct UnderWay {
    open: Vec<u64>,
    /// The last number that was given.
    last: u64,
}

impl UnderWay {
    /// Up to which id all was settled, if these are, which are known from elsewhere.
    pub(crate) fn settled(&self, known: impl Fn(EventId) -> bool) -> EventId {
        let first = self.open.iter().find(|id| !known(EventId::from_number(**id)));
        EventId::from_number(first.map_or(self.last, |first| first - 1))
    }
}

/// An event under way; settled when dropped.
#[derive(Debug)]
pub(crate) struct Open {
    id: u64,
    unsettled: Arc<Unsettled>,
}

impl Open {
    /// The event's number; those of its deliveries follow it.
    pub(crate) const fn number(&self) -> u64 {
        self.id
    }

    /// Up to which id all is settled once this is.
    pub(crate) fn settles(&self) -> EventId {
        self.unsettled.look().settled(|id| id.number() == self.id)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.unsettled.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_once_all_before_it_are_settled() {
        let unsettled = Arc::new(Unsettled::new(Arc::new(IdSource::above(9))));
        let settled = || unsettled.look().settled(|_| false).number();
        assert_eq!(settled(), 9);
        let [first, second, third] = [2, 0, 1].map(|deliveries| unsettled.begin(Millis(0), deliveries));
        assert_eq!([&first, &second, &third].map(Open::number), [10, 13, 14]);
        assert_eq!((settled(), first.settles().number(), second.settles().number()), (9, 12, 9));
        drop(second);
        assert_eq!(settled(), 9);
        drop(first);
        assert_eq!((settled(), third.settles().number()), (13, 15));
        drop(third);
        assert_eq!(settled(), 15);
    }
}
