//! How the rest of the engine hands deliveries to the dispatcher: without waiting, and without losing a hook.

use crate::lane_asks::{LaneAsk, LaneState};
use footbridge_journal::{NewDelivery, Partition};
use footbridge_model::event::Event;
use footbridge_model::id::{DeliveryId, HookId};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// The most offers that wait for the dispatcher; lanes read further deliveries from the journal.
const MAX_OFFERS: usize = 1024;

/// The most bypass requests that wait for the dispatcher; further senders wait.
const MAX_BYPASS_REQUESTS: usize = 64;

/// The most hand-overs that wait for the dispatcher; further ones wait with their senders.
const MAX_HAND_OVERS: usize = 16;

/// The most questions that wait for the dispatcher; further ones wait with whoever asks.
const MAX_ASKS: usize = 64;

/// How long a question waits for its answer. A dispatcher that has ended, or starts, gives none.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// Deliveries that were just committed, so that their first attempt needs no read from the disk.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) event: Arc<Event>,
    pub(crate) deliveries: Vec<NewDelivery>,
}

/// Deliveries that bypass their lanes: they tell an app about its own start or end, in one attempt, at once.
#[derive(Debug)]
pub(crate) struct BypassRequest {
    pub(crate) event: Arc<Event>,
    pub(crate) deliveries: Vec<NewDelivery>,
    /// Dropped after the last attempt; whoever waits for them holds the receiver.
    pub(crate) done: mpsc::Sender<()>,
}

/// Hands deliveries to the dispatcher.
#[derive(Debug, Clone)]
pub(crate) struct Lanes {
    offers: mpsc::Sender<Offer>,
    bypass_requests: mpsc::Sender<BypassRequest>,
    woken: Arc<WokenHooks>,
    bypass: BypassSet,
    hand_overs: mpsc::Sender<HandOver>,
    asks: mpsc::Sender<LaneAsk>,
}

/// Partitions that are given away. Dropping it says that nothing of them is in flight and every result is written.
#[derive(Debug)]
pub(crate) struct HandOver {
    pub(crate) partitions: BTreeSet<Partition>,
    /// Dropped at that moment; nothing is ever sent.
    _done: oneshot::Sender<()>,
}

/// Hooks whose lanes must read the hook and the journal again.
#[derive(Debug, Default)]
struct WokenHooks {
    hooks: Mutex<BTreeSet<HookId>>,
    notify: Notify,
}

impl WokenHooks {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<HookId>> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    /// Returns both ends of the connection to the dispatcher.
    pub(crate) fn new() -> (Self, LaneFeed) {
        let (offers, offers_feed) = mpsc::channel(MAX_OFFERS);
        let (bypass_requests, bypass_feed) = mpsc::channel(MAX_BYPASS_REQUESTS);
        let woken = Arc::new(WokenHooks::default());
        let bypass = BypassSet::default();
        let (hand_overs, hand_over_feed) = mpsc::channel(MAX_HAND_OVERS);
        let (asks, asks_feed) = mpsc::channel(MAX_ASKS);
        let lanes = Self {
            offers,
            bypass_requests,
            woken: Arc::clone(&woken),
            bypass: bypass.clone(),
            hand_overs,
            asks,
        };
        let feed = LaneFeed {
            offers: offers_feed,
            bypass_requests: bypass_feed,
            woken,
            bypass,
            hand_overs: hand_over_feed,
            asks: asks_feed,
        };
        (lanes, feed)
    }

    /// Marks deliveries that bypass the hook's lane. Call this before they are stored, so that no lane attempts them.
    pub(crate) fn mark_bypass(&self, deliveries: impl IntoIterator<Item = DeliveryId>) {
        self.bypass.lock().extend(deliveries);
    }

    /// Removes the mark from deliveries that were not stored.
    pub(crate) fn unmark_bypass(&self, deliveries: impl IntoIterator<Item = DeliveryId>) {
        deliveries.into_iter().for_each(|id| self.bypass.remove(id));
    }

    /// Sends deliveries that were [marked](Self::mark_bypass) and are stored now.
    pub(crate) async fn send_bypass(&self, request: BypassRequest) {
        // An error means that the dispatcher has ended: the deliveries are cancelled at the next start.
        let _ = self.bypass_requests.send(request).await;
    }

    /// Offers deliveries that are stored. If too many offers wait, the lanes read them from the journal instead.
    pub(crate) fn offer(&self, offer: Offer) {
        if let Err(mpsc::error::TrySendError::Full(offer)) = self.offers.try_send(offer) {
            self.wake(offer.deliveries.iter().map(|delivery| delivery.hook_id));
        }
    }

    /// Waits until nothing of these partitions is in flight and every result is written. This server has no claim on
    /// them any more, so no attempt starts.
    pub(crate) async fn hand_over(&self, partitions: BTreeSet<Partition>) {
        let (done, is_done) = oneshot::channel();
        // Without a dispatcher nothing is in flight.
        let _ = self.hand_overs.send(HandOver { partitions, _done: done }).await;
        self.woken.notify.notify_one();
        let _ = is_done.await;
    }

    /// Returns the states of the lanes of these hooks. Lanes that hold nothing in memory are left out.
    pub(crate) async fn states(&self, hooks: Vec<HookId>) -> HashMap<HookId, LaneState> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.ask(LaneAsk::States { hooks, reply }).await;
            answer.await
        };
        tokio::time::timeout(ASK_WITHIN, asked).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Tells the lane of a hook that one of its deliveries was cancelled in the journal.
    pub(crate) async fn withdraw(&self, hook: HookId, delivery: DeliveryId) {
        self.ask(LaneAsk::Withdraw { hook, delivery }).await;
    }

    async fn ask(&self, ask: LaneAsk) {
        // Without a dispatcher there are no lanes.
        let _ = self.asks.send(ask).await;
        self.woken.notify.notify_one();
    }

    /// Wakes lanes whose hook or due deliveries have changed.
    pub(crate) fn wake(&self, hooks: impl IntoIterator<Item = HookId>) {
        self.woken.lock().extend(hooks);
        self.woken.notify.notify_one();
    }
}

/// The dispatcher's end of the connection.
#[derive(Debug)]
pub(crate) struct LaneFeed {
    offers: mpsc::Receiver<Offer>,
    bypass_requests: mpsc::Receiver<BypassRequest>,
    woken: Arc<WokenHooks>,
    bypass: BypassSet,
    hand_overs: mpsc::Receiver<HandOver>,
    asks: mpsc::Receiver<LaneAsk>,
}

impl LaneFeed {
    /// Takes the partitions that are given away since the last call.
    pub(crate) fn take_hand_overs(&mut self, hand_overs: &mut Vec<HandOver>) {
        while let Ok(hand_over) = self.hand_overs.try_recv() {
            hand_overs.push(hand_over);
        }
    }

    /// Takes the questions since the last call.
    pub(crate) fn take_asks(&mut self, asks: &mut Vec<LaneAsk>) {
        while let Ok(ask) = self.asks.try_recv() {
            asks.push(ask);
        }
    }

    /// Waits for offers, bypass requests or woken hooks; returns the woken hooks.
    pub(crate) async fn next(
        &mut self,
        offers: &mut Vec<Offer>,
        bypass: &mut Vec<BypassRequest>,
    ) -> BTreeSet<HookId> {
        tokio::select! {
            biased;
            _ = self.bypass_requests.recv_many(bypass, MAX_BYPASS_REQUESTS) => {}
            _ = self.offers.recv_many(offers, MAX_OFFERS) => {}
            () = self.woken.notify.notified() => {}
        }
        std::mem::take(&mut *self.woken.lock())
    }

    /// Takes the offers that are there, without waiting; returns the woken hooks.
    pub(crate) fn take(&mut self, offers: &mut Vec<Offer>) -> BTreeSet<HookId> {
        offers.extend((0..MAX_OFFERS).map_while(|_| self.offers.try_recv().ok()));
        std::mem::take(&mut *self.woken.lock())
    }

    /// The deliveries that bypass their lanes.
    pub(crate) fn bypass(&self) -> BypassSet {
        self.bypass.clone()
    }
}

/// The deliveries that bypass their lanes, until their attempt is recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct BypassSet(Arc<Mutex<BTreeSet<DeliveryId>>>);

impl BypassSet {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<DeliveryId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn contains(&self, id: DeliveryId) -> bool {
        self.lock().contains(&id)
    }

    pub(crate) fn remove(&self, id: DeliveryId) {
        self.lock().remove(&id);
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

    fn offer(hook: u64) -> Offer {
        let event = Event {
            id: EventId::from_number(1),
            name: EventName::trusted("x"),
            publisher: AppName::trusted("app"),
            body: Bytes::new(),
            headers: PublishHeaders::default(),
            time: Millis(0),
            lineage: Lineage::default(),
            provenance: Provenance::default(),
        };
        let delivery = NewDelivery {
            id: DeliveryId::from_number(2),
            hook_id: HookId::from_number(hook),
            partition: Partition(0),
        };
        Offer { event: Arc::new(event), deliveries: vec![delivery] }
    }

    #[test]
    fn a_hook_whose_offer_finds_no_room_is_woken() {
        let (lanes, mut feed) = Lanes::new();
        for _ in 0..MAX_OFFERS {
            lanes.offer(offer(1));
        }
        lanes.offer(offer(2));
        let mut offers = Vec::new();
        let woken = feed.take(&mut offers);
        assert_eq!((offers.len(), woken), (MAX_OFFERS, BTreeSet::from([HookId::from_number(2)])));
    }
}
