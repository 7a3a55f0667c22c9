//! How the rest of the engine speaks to the dispatcher: never waiting, never losing a hook.

use footbridge_journal::NewDelivery;
use footbridge_model::event::Event;
use footbridge_model::id::{DeliveryId, HookId};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, mpsc};

/// The most offers that wait for the dispatcher; what is over it is read from the journal instead.
const OFFERS: usize = 1024;

/// The same for urgent ones; whoever hands over more waits.
const URGENT: usize = 64;

/// Deliveries that were just kept, so that their first attempt needs no look at the disk.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) event: Arc<Event>,
    pub(crate) deliveries: Vec<NewDelivery>,
}

/// Deliveries that go past their lanes: an app is told of its own start or end, at once, one attempt.
/// Whoever waits for them holds the other end of `done`, which closes when all have ended.
#[derive(Debug)]
pub(crate) struct Urgent {
    pub(crate) event: Arc<Event>,
    pub(crate) deliveries: Vec<NewDelivery>,
    pub(crate) done: mpsc::Sender<()>,
}

/// The engine's side.
#[derive(Debug, Clone)]
pub(crate) struct Lanes {
    offers: mpsc::Sender<Offer>,
    urgent: mpsc::Sender<Urgent>,
    stirred: Arc<Stirred>,
    past: Past,
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
        let (urgent, hurried) = mpsc::channel(URGENT);
        let stirred = Arc::new(Stirred::default());
        let past = Past::default();
        let lanes = Self { offers, urgent, stirred: Arc::clone(&stirred), past: past.clone() };
        (lanes, LaneFeed { offers: feed, urgent: hurried, stirred, past })
    }

    /// Says that these deliveries, which are about to be kept, are none of their lanes' business.
    pub(crate) fn set_past(&self, deliveries: impl IntoIterator<Item = DeliveryId>) {
        self.past.0.lock().unwrap_or_else(PoisonError::into_inner).extend(deliveries);
    }

    /// Nothing came of them: they were not kept.
    pub(crate) fn forget_past(&self, deliveries: impl IntoIterator<Item = DeliveryId>) {
        deliveries.into_iter().for_each(|id| self.past.end(id));
    }

    /// Hands over what was [set past](Self::set_past) its lanes and is kept by now.
    pub(crate) async fn hurry(&self, urgent: Urgent) {
        // Without a dispatcher there is nobody to tell: what is pending is cancelled at the next start.
        let _ = self.urgent.send(urgent).await;
    }

    /// Offers deliveries that the journal keeps.
    pub(crate) fn offer(&self, offer: Offer) {
        if let Err(mpsc::error::TrySendError::Full(offer)) = self.offers.try_send(offer) {
            self.stir(offer.deliveries.iter().map(|delivery| delivery.hook_id));
        }
    }

    /// Says that these hooks, or what is due to them, have changed.
    pub(crate) fn stir(&self, hooks: impl IntoIterator<Item = HookId>) {
        self.stirred.hooks.lock().unwrap_or_else(PoisonError::into_inner).extend(hooks);
        self.stirred.notify.notify_one();
    }
}

/// The dispatcher's side.
#[derive(Debug)]
pub(crate) struct LaneFeed {
    offers: mpsc::Receiver<Offer>,
    urgent: mpsc::Receiver<Urgent>,
    stirred: Arc<Stirred>,
    past: Past,
}

impl LaneFeed {
    /// Waits until there is something to take.
    pub(crate) async fn next(&mut self, into: &mut Vec<Offer>, urgent: &mut Vec<Urgent>) -> BTreeSet<HookId> {
        tokio::select! {
            biased;
            _ = self.urgent.recv_many(urgent, URGENT) => {}
            _ = self.offers.recv_many(into, OFFERS) => {}
            () = self.stirred.notify.notified() => {}
        }
        std::mem::take(&mut *self.stirred.hooks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what is there, without waiting.
    pub(crate) fn take(&mut self, into: &mut Vec<Offer>) -> BTreeSet<HookId> {
        into.extend((0..OFFERS).map_while(|_| self.offers.try_recv().ok()));
        std::mem::take(&mut *self.stirred.hooks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which deliveries are none of their lanes' business.
    pub(crate) fn past(&self) -> Past {
        self.past.clone()
    }
}

/// The deliveries that go past their lanes, until they have ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past(Arc<Mutex<BTreeSet<DeliveryId>>>);

impl Past {
    pub(crate) fn contains(&self, id: DeliveryId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    pub(crate) fn end(&self, id: DeliveryId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
