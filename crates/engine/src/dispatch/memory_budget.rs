//! Limits the bytes of the events that wait in memory.

use footbridge_model::event::Event;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// The most bytes of event bodies that wait in memory.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Counts the bytes of the events that wait in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryBudget(Rc<Cell<usize>>);

/// An event that counts against the budget until it is dropped.
#[derive(Debug)]
pub(super) struct HeldEvent {
    event: Arc<Event>,
    budget: MemoryBudget,
}

impl MemoryBudget {
    /// Holds an event in memory; returns `None` if the budget is used up.
    ///
    /// The attempt then reads the event from the journal.
    pub(super) fn try_hold(&self, event: &Arc<Event>) -> Option<HeldEvent> {
        let total = self.0.get() + event.body.len();
        (total <= MAX_BYTES).then(|| {
            self.0.set(total);
            HeldEvent { event: Arc::clone(event), budget: self.clone() }
        })
    }
}

impl HeldEvent {
    pub(super) fn event(&self) -> Arc<Event> {
        Arc::clone(&self.event)
    }
}

impl Drop for HeldEvent {
    fn drop(&mut self) {
        let (held, freed) = (self.budget.0.get(), self.event.body.len());
        debug_assert!(held >= freed, "the memory budget holds {held} bytes, and {freed} are freed");
        self.budget.0.set(held.saturating_sub(freed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use footbridge_model::headers::PublishHeaders;
    use footbridge_model::id::EventId;
    use footbridge_model::lineage::Lineage;
    use footbridge_model::name::{AppName, EventName};
    use footbridge_model::provenance::Provenance;
    use footbridge_model::time::Millis;

    fn event(bytes: usize) -> Arc<Event> {
        Arc::new(Event {
            id: EventId::from_number(1),
            name: EventName::trusted("x"),
            publisher: AppName::trusted("app"),
            body: Bytes::from(vec![b' '; bytes]),
            headers: PublishHeaders::default(),
            time: Millis(0),
            lineage: Lineage::default(),
            provenance: Provenance::default(),
        })
    }

    #[test]
    fn an_event_is_held_only_while_the_budget_has_room() {
        let budget = MemoryBudget::default();
        let first = budget.try_hold(&event(MAX_BYTES - 1)).unwrap();
        assert!(budget.try_hold(&event(2)).is_none());
        let last = budget.try_hold(&event(1)).unwrap();
        assert!(budget.try_hold(&event(1)).is_none());
        drop(first);
        assert!(budget.try_hold(&event(MAX_BYTES - 1)).is_some());
        drop(last);
        assert!(budget.try_hold(&event(MAX_BYTES)).is_some(), "everything was given back");
    }
}
