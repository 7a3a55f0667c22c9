//! The deliveries of a lane that wait in memory.

use crate::dispatch::memory_budget::HeldEvent;
use footbridge_journal::PendingDelivery;
use footbridge_model::id::DeliveryId;
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, HashSet};

/// The most deliveries of one hook that wait in memory.
pub(in crate::dispatch) const WINDOW: usize = 256;

/// A delivery that waits for its attempt.
#[derive(Debug)]
pub(in crate::dispatch) struct QueuedDelivery {
    pub(in crate::dispatch) delivery: PendingDelivery,
    /// The event, if it is held in memory; otherwise the attempt reads it from the journal.
    pub(in crate::dispatch) event: Option<HeldEvent>,
}

/// The position in the window: first by due time, then by id. Ordered lanes use the id alone.
pub(super) type WindowKey = (Millis, DeliveryId);

/// The first deliveries of a lane, at most [`WINDOW`].
#[derive(Debug, Default)]
pub(super) struct LaneWindow {
    entries: BTreeMap<WindowKey, QueuedDelivery>,
    ids: HashSet<DeliveryId>,
}

impl LaneWindow {
    /// Adds a delivery, unless it is in the window. Removes and returns the last one if the window was full.
    pub(super) fn insert(&mut self, key: WindowKey, queued: QueuedDelivery) -> Option<QueuedDelivery> {
        if !self.ids.insert(queued.delivery.id) {
            return None;
        }
        self.entries.insert(key, queued);
        let last = if self.entries.len() > WINDOW { self.entries.pop_last() } else { None };
        let (_, last) = last?;
        self.ids.remove(&last.delivery.id);
        debug_assert!(self.entries.len() == WINDOW && self.ids.len() == WINDOW, "a full window has its ids");
        Some(last)
    }

    /// Removes and returns the first delivery if it is due.
    pub(super) fn take_due(&mut self, now: Millis) -> Option<QueuedDelivery> {
        let first = self.entries.first_entry().filter(|first| first.get().delivery.at <= now)?;
        let queued = first.remove();
        self.ids.remove(&queued.delivery.id);
        Some(queued)
    }

    /// The delivery at the front.
    pub(super) fn first(&self) -> Option<&PendingDelivery> {
        self.entries.values().next().map(|first| &first.delivery)
    }

    /// The id of the last delivery.
    pub(super) fn last_id(&self) -> Option<DeliveryId> {
        self.entries.keys().next_back().map(|(_, id)| *id)
    }

    /// Removes all deliveries from memory.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.ids.clear();
    }

    /// The number of deliveries that wait.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if there is no delivery.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
