//! Chains of events that cause each other: how deep they go, and how many deliveries come of one event.

use footbridge_model::id::EventId;
use footbridge_model::lineage::{Lineage, STOP_DEPTH};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many chains are counted at once; the one that began first is forgotten for the next.
const ROOTS: usize = 4096;

/// Why an event was not published: it would have gone on a chain that is long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Too many events led to it.
    #[error(
        "a loop is stopped: {STOP_DEPTH} events that cause each other led here from {root} by way of {cause}; let an app not answer an event with one that leads back to it"
    )]
    Depth {
        /// The first of the chain.
        root: EventId,
        /// The event that this one was to follow.
        cause: EventId,
    },
    /// Too many deliveries came of the first.
    #[error(
        "a loop is stopped: {most} deliveries have come of {root} through events that cause each other ([limits] chain_deliveries), the last by way of {cause}"
    )]
    Deliveries {
        /// The first of the chain.
        root: EventId,
        /// The event that this one was to follow.
        cause: EventId,
        /// How many may.
        most: u64,
    },
}

impl Stopped {
    /// The first of the chain, the event that this one was to follow, and the reason in a word.
    pub(crate) const fn parts(self) -> (EventId, EventId, &'static str) {
        match self {
            Self::Depth { root, cause } => (root, cause, "depth"),
            Self::Deliveries { root, cause, .. } => (root, cause, "deliveries"),
        }
    }
}

/// Counts what comes of events.
#[derive(Debug)]
pub(crate) struct Chains {
    most: u64,
    roots: Mutex<Roots>,
}

#[derive(Debug, Default)]
struct Roots {
    known: HashMap<EventId, Root>,
    oldest: VecDeque<EventId>,
}

#[derive(Debug, Default)]
struct Root {
    deliveries: u64,
    told: bool,
}

impl Roots {
    fn root(&mut self, id: EventId) -> &mut Root {
        if !self.known.contains_key(&id) {
            self.oldest.push_back(id);
            if self.oldest.len() > ROOTS
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        self.known.entry(id).or_default()
    }
}

impl Chains {
    /// With at most so many deliveries of the events that one has caused.
    pub(crate) fn new(most: u64) -> Self {
        Self { most, roots: Mutex::default() }
    }

    /// Counts the deliveries of an event that another caused.
    ///
    /// # Errors
    /// [`Stopped`]; it is not to be published then.
    pub(crate) fn admit(&self, lineage: Lineage, deliveries: usize) -> Result<(), Stopped> {
        let (Some(root), Some(cause)) = (lineage.root, lineage.cause) else { return Ok(()) };
        if lineage.is_too_deep() {
            return Err(Stopped::Depth { root, cause });
        }
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &mut roots.root(root).deliveries;
        let sum = count.saturating_add(deliveries as u64);
        if sum > self.most {
            return Err(Stopped::Deliveries { root, cause, most: self.most });
        }
        *count = sum;
        Ok(())
    }

    /// Whether a stop is to be told: once for each chain, for a chain with many branches is stopped at each.
    pub(crate) fn tells(&self, stopped: Stopped) -> bool {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut roots.root(stopped.parts().0).told, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> EventId {
        EventId::from_number(number)
    }

    #[test]
    fn a_chain_is_stopped_by_its_depth_and_by_what_comes_of_it() {
        let chains = Chains::new(10);
        let first = Lineage::after(id(1), Lineage::default());
        assert_eq!(chains.admit(Lineage::default(), 1_000_000), Ok(()), "nothing caused it");
        assert_eq!(chains.admit(first, 10), Ok(()));
        let stopped = Stopped::Deliveries { root: id(1), cause: id(1), most: 10 };
        assert_eq!((chains.admit(first, 1), chains.admit(first, 0)), (Err(stopped), Ok(())));
        assert_eq!((chains.tells(stopped), chains.tells(stopped)), (true, false));
        assert_eq!(chains.admit(Lineage::after(id(2), Lineage::default()), 10), Ok(()), "another chain");

        let deep = (3..19).fold(Lineage::default(), |lineage, number| Lineage::after(id(number), lineage));
        assert_eq!(chains.admit(deep, 0), Err(Stopped::Depth { root: id(3), cause: id(18) }));
    }

    #[test]
    fn no_more_chains_are_counted_than_there_is_room_for() {
        let chains = Chains::new(10);
        for number in 0..3 * ROOTS as u64 {
            assert_eq!(chains.admit(Lineage::after(id(number), Lineage::default()), 10), Ok(()));
        }
        assert!(chains.roots.lock().unwrap().known.len() <= ROOTS);
    }
}
