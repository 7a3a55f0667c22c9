//! How the rest of the engine speaks to the dispatcher: never waiting, never losing a hook.

use footbridge_journal::NewDelivery;
use footbridge_model::event::Event;
use footbridge_model::id::HookId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, mpsc};

/// The most offers that wait for the dispatcher; what is over it is read from the journal instead.
const OFFERS: usize = 1024;

/// Deliveries that were just kept, so that their first attempt needs no look at the disk.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) event: Arc<Event>,
    pub(crate) deliveries: Vec<NewDelivery>,
}

/// The engine's side.
#[derive(Debug, Clone)]
pub(crate) struct Lanes {
    offers: mpsc::Sender<Offer>,
    stirred: Arc<Stirred>,
}

/// Lanes that must look anew at the journal and at their hook.
#[derive(Debug, Default)]
struct Stirred {
    hooks: Mutex<BTreeSet<HookId>>,
    notify: Notify,
}

impl Lanes {
    /// Both sides.
    pub(crate) fn new() -> (Self, LaneFeed) {
        let (offers, feed) = mpsc::channel(OFFERS);
        let stirred = Arc::new(Stirred::default());
        (Self { offers, stirred: Arc::clone(&stirred) }, LaneFeed { offers: feed, stirred })
    }

    /// Offers deliveries that the journal keeps.
    pub(crate) fn offer(&self, offer: Offer) {
        if let Err(mpsc::error::TrySendError::Full(offer)) = self.offers.try_send(offer) {
            self.stir(offer.deliveries.iter().map(|delivery| delivery.hook_id));
        }
    }

    /// Stirs these when it is dropped.
    pub(crate) fn stir_if_left(&self, hooks: impl IntoIterator<Item = HookId>) -> StirIfLeft<'_> {
        StirIfLeft { lanes: self, hooks: hooks.into_iter().collect() }
    }

    /// Says that these hooks, or what is due to them, have changed.
    pub(crate) fn stir(&self, hooks: impl IntoIterator<Item = HookId>) {
        self.stirred.hooks.lock().unwrap_or_else(PoisonError::into_inner).extend(hooks);
        self.stirred.notify.notify_one();
    }
}

/// Stirs lanes when a caller goes away while the journal works for it: what it asked for is kept all
/// the same, and the lanes must hear of it.
#[derive(Debug)]
pub(crate) struct StirIfLeft<'a> {
    lanes: &'a Lanes,
    hooks: Vec<HookId>,
}

impl StirIfLeft<'_> {
    /// The caller is still there and tells the lanes itself.
    pub(crate) fn stayed(mut self) {
        self.hooks.clear();
    }
}

impl Drop for StirIfLeft<'_> {
    fn drop(&mut self) {
        if !self.hooks.is_empty() {
            self.lanes.stir(std::mem::take(&mut self.hooks));
        }
    }
}

/// The dispatcher's side.
#[derive(Debug)]
pub(crate) struct LaneFeed {
    offers: mpsc::Receiver<Offer>,
    stirred: Arc<Stirred>,
}

impl LaneFeed {
    /// Waits until there is something to take.
    pub(crate) async fn next(&mut self, into: &mut Vec<Offer>) -> BTreeSet<HookId> {
        tokio::select! {
            _ = self.offers.recv_many(into, OFFERS) => {}
            () = self.stirred.notify.notified() => {}
        }
        std::mem::take(&mut *self.stirred.hooks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
