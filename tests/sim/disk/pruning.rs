//! What retention deletes.

use super::ready_now;
use crate::history::History;
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{DeliveryFilter, DeliveryView, EventFilter, EventView, History as _, Page};

/// All stored events and deliveries at one moment.
pub(crate) struct StoredEvents {
    events: Vec<EventView>,
    deliveries: Vec<DeliveryView>,
}

impl StoredEvents {
    pub(crate) fn of(stored: &MemoryJournal) -> Self {
        let all = Page { before: None, limit: u32::MAX };
        let listed = ready_now(stored.deliveries(DeliveryFilter::default(), all)).unwrap();
        let view = |listed: DeliveryView| ready_now(stored.delivery(listed.delivery.id)).unwrap();
        Self {
            events: ready_now(stored.events(EventFilter::default(), all)).unwrap(),
            deliveries: listed.into_iter().filter_map(view).collect(),
        }
    }

    /// Records what is no longer stored.
    pub(crate) fn record_missing(self, stored: &MemoryJournal, history: &History) {
        let is_gone = |view: &EventView| ready_now(stored.event(view.event.id)).unwrap().is_none();
        let events = self.events.into_iter().filter(is_gone).collect();
        let is_gone = |view: &DeliveryView| ready_now(stored.delivery(view.delivery.id)).unwrap().is_none();
        history.record_pruned(events, self.deliveries.into_iter().filter(is_gone).collect());
    }
}
