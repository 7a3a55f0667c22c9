//! Limits chains of events that cause each other: their depth, and the deliveries that one event leads to.

use footbridge_model::id::EventId;
use footbridge_model::lineage::{Lineage, STOP_DEPTH};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The most chains that are counted at the same time. A further one replaces the oldest.
const MAX_CHAINS: usize = 4096;

/// An event was not published, because its chain of events has reached a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoopDetected {
    /// The chain has too many events in a row.
    #[error(
        "a loop is stopped: {STOP_DEPTH} events that cause each other led from {root} to {cause}; change the apps so that no answer to an event causes the same event again"
    )]
    Depth {
        /// The first event of the chain.
        root: EventId,
        /// The event that caused the refused one.
        cause: EventId,
    },
    /// The chain has too many deliveries.
    #[error(
        "a loop is stopped: {root} has led to {most} deliveries through events that cause each other, which is the limit ([limits] chain_deliveries); the last event was {cause}"
    )]
    Deliveries {
        /// The first event of the chain.
        root: EventId,
        /// The event that caused the refused one.
        cause: EventId,
        /// The limit of deliveries per chain.
        most: u64,
    },
}

impl LoopDetected {
    /// The first event of the chain, the event that caused the refused one, and the reason in a word.
    pub(crate) const fn parts(self) -> (EventId, EventId, &'static str) {
        match self {
            Self::Depth { root, cause } => (root, cause, "depth"),
            Self::Deliveries { root, cause, .. } => (root, cause, "deliveries"),
        }
    }
}

/// Counts the deliveries of each chain.
#[derive(Debug)]
pub(crate) struct Chains {
    most: u64,
    counts: Mutex<ChainCounts>,
}

#[derive(Debug, Default)]
struct ChainCounts {
    /// By the first event of the chain.
    by_root: HashMap<EventId, ChainCount>,
    /// The keys of `by_root`, oldest first.
    order: VecDeque<EventId>,
}

#[derive(Debug, Default)]
struct ChainCount {
    deliveries: u64,
    is_reported: bool,
}

impl ChainCounts {
    /// The count of the chain that begins with `root`.
    fn chain(&mut self, root: EventId) -> &mut ChainCount {
        if !self.by_root.contains_key(&root) {
            self.order.push_back(root);
            if self.order.len() > MAX_CHAINS
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_root.remove(&oldest);
            }
        }
        self.by_root.entry(root).or_default()
    }
}

impl Chains {
    /// Allows at most `most` deliveries per chain.
    pub(crate) fn new(most: u64) -> Self {
        Self { most, counts: Mutex::default() }
    }

    /// Counts the deliveries of an event. An event without a cause starts a chain and always passes.
    ///
    /// # Errors
    /// [`LoopDetected`] if the event must not be published.
    pub(crate) fn admit(&self, lineage: Lineage, deliveries: usize) -> Result<(), LoopDetected> {
        let (Some(root), Some(cause)) = (lineage.root, lineage.cause) else { return Ok(()) };
        if lineage.is_too_deep() {
            return Err(LoopDetected::Depth { root, cause });
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &mut counts.chain(root).deliveries;
        let sum = count.saturating_add(deliveries as u64);
        if sum > self.most {
            return Err(LoopDetected::Deliveries { root, cause, most: self.most });
        }
        *count = sum;
        Ok(())
    }

    /// Returns true the first time that a chain is stopped. A chain with many branches is stopped at each of them, and
    /// reported once.
    pub(crate) fn is_first_report(&self, stopped: LoopDetected) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut counts.chain(stopped.parts().0).is_reported, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> EventId {
        EventId::from_number(number)
    }

    #[test]
    fn a_chain_is_stopped_at_its_depth_and_at_its_deliveries() {
        let chains = Chains::new(10);
        let first = Lineage::after(id(1), Lineage::default());
        assert_eq!(chains.admit(Lineage::default(), 1_000_000), Ok(()), "nothing caused it");
        assert_eq!(chains.admit(first, 10), Ok(()));
        let stopped = LoopDetected::Deliveries { root: id(1), cause: id(1), most: 10 };
        assert_eq!((chains.admit(first, 1), chains.admit(first, 0)), (Err(stopped), Ok(())));
        assert_eq!((chains.is_first_report(stopped), chains.is_first_report(stopped)), (true, false));
        assert_eq!(chains.admit(Lineage::after(id(2), Lineage::default()), 10), Ok(()), "another chain");

        let deep = (3..19).fold(Lineage::default(), |lineage, number| Lineage::after(id(number), lineage));
        assert_eq!(chains.admit(deep, 0), Err(LoopDetected::Depth { root: id(3), cause: id(18) }));
    }

    #[test]
    fn the_oldest_chain_makes_room_for_a_new_one() {
        let chains = Chains::new(10);
        for number in 0..3 * MAX_CHAINS as u64 {
            assert_eq!(chains.admit(Lineage::after(id(number), Lineage::default()), 10), Ok(()));
        }
        assert!(chains.counts.lock().unwrap().by_root.len() <= MAX_CHAINS);
    }
}
