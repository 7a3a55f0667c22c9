//! Read access to stored events, deliveries and exchanges.

use footbridge_journal::{
    DeliveryFilter, DeliveryView, EventFilter, EventView, ExchangeFilter, Journal, Page, Wait,
};
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::id::{DeliveryId, EventId, ExchangeId};

/// The read-only part of the journal, for callers that show what is stored.
#[derive(Clone, Copy)]
pub struct History<'a>(&'a dyn Journal);

impl std::fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

impl<'a> History<'a> {
    pub(super) const fn new(journal: &'a dyn Journal) -> Self {
        Self(journal)
    }

    /// One event.
    pub fn event(self, id: EventId) -> Wait<Option<EventView>> {
        self.0.event(id)
    }

    /// Events, newest first.
    pub fn events(self, filter: EventFilter, page: Page) -> Wait<Vec<EventView>> {
        self.0.events(filter, page)
    }

    /// One delivery with its attempts.
    pub fn delivery(self, id: DeliveryId) -> Wait<Option<DeliveryView>> {
        self.0.delivery(id)
    }

    /// Deliveries, newest first.
    pub fn deliveries(self, filter: DeliveryFilter, page: Page) -> Wait<Vec<DeliveryView>> {
        self.0.deliveries(filter, page)
    }

    /// One exchange, with its answer while that is stored.
    pub fn exchange(self, id: ExchangeId) -> Wait<Option<ExchangeRecord>> {
        self.0.exchange(id)
    }

    /// Exchanges, newest first, without their answers.
    pub fn exchanges(self, filter: ExchangeFilter, page: Page) -> Wait<Vec<ExchangeRecord>> {
        self.0.exchanges(filter, page)
    }
}
