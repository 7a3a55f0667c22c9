//! Events that wait in memory, within a budget of bytes; the rest are read again for their attempt.

use footbridge_model::event::Event;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// The most bytes of events that wait in memory.
const MOST: usize = 32 * 1024 * 1024;

/// Bytes that are held.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget(Rc<Cell<usize>>);

/// An event that counts against the budget until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    event: Arc<Event>,
    budget: Budget,
}

impl Budget {
    /// Holds an event, if there is room.
    pub(super) fn hold(&self, event: &Arc<Event>) -> Option<Held> {
        let total = self.0.get() + event.body.len();
        (total <= MOST).then(|| {
            self.0.set(total);
            Held { event: Arc::clone(event), budget: self.clone() }
        })
    }
}

impl Held {
    pub(super) fn event(&self) -> Arc<Event> {
        Arc::clone(&self.event)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = &self.budget.0;
        bytes.set(bytes.get().saturating_sub(self.event.body.len()));
    }
}
