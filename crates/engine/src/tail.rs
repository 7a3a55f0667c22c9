//! The live tail: what just happened, for whoever watches. It costs nothing while nobody does.

use bytes::Bytes;
use footbridge_model::delivery::{Attempt, Delivery};
use footbridge_model::event::Event;
use footbridge_model::exchange::ExchangeRecord;
use footbridge_model::hook::Hook;
use footbridge_model::name::AppName;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::broadcast;

/// The most items that wait for one watcher. A slower one misses the oldest and learns how many.
const QUEUE: usize = 4096;
/// The largest body that a watcher sees who asks for bodies, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// Something that just happened.
#[derive(Debug)]
pub enum TailItem {
    /// An event was stored.
    Event(TailEvent),
    /// An attempt has ended.
    Attempt(Box<TailAttempt>),
    /// An exchange has ended; without its answer.
    Exchange(Box<ExchangeRecord>),
}

/// An event that was stored.
#[derive(Debug)]
pub struct TailEvent {
    /// The event. Its body is empty unless a watcher asks for bodies.
    pub event: Arc<Event>,
    /// The app of each of its deliveries.
    pub apps: Vec<AppName>,
}

/// An attempt that has ended.
#[derive(Debug)]
pub struct TailAttempt {
    /// The event that was delivered. Its body is empty unless a watcher asks for bodies.
    pub event: Arc<Event>,
    /// The delivery after the attempt.
    pub delivery: Delivery,
    /// The hook that it goes to.
    pub hook: Hook,
    /// The attempt as it is stored.
    pub attempt: Attempt,
}

/// Sends what happens to all watchers.
#[derive(Debug)]
pub(crate) struct TailFeed {
    sender: broadcast::Sender<Arc<TailItem>>,
    watchers: AtomicUsize,
    /// The watchers that ask for bodies.
    readers: AtomicUsize,
}

impl Default for TailFeed {
    fn default() -> Self {
        let watchers = AtomicUsize::new(0);
        Self { sender: broadcast::channel(QUEUE).0, watchers, readers: AtomicUsize::new(0) }
    }
}

impl TailFeed {
    /// Sends an item, which is made only if somebody watches.
    pub(crate) fn send(&self, item: impl FnOnce(&Self) -> TailItem) {
        if self.watchers.load(Ordering::Relaxed) > 0 {
            // Sending fails if the last watcher has just left.
            let _ = self.sender.send(Arc::new(item(self)));
        }
    }

    /// An event as watchers see it.
    pub(crate) fn event(&self, event: &Arc<Event>) -> Arc<Event> {
        if self.readers.load(Ordering::Relaxed) > 0 && event.body.len() <= MAX_BODY {
            return Arc::clone(event);
        }
        // Items that wait must not keep large bodies in memory.
        let Event { id, name, publisher, headers, time, lineage, provenance, .. } = &**event;
        Arc::new(Event {
            id: *id,
            name: name.clone(),
            publisher: publisher.clone(),
            body: Bytes::new(),
            headers: headers.clone(),
            time: *time,
            lineage: *lineage,
            provenance: *provenance,
        })
    }

    /// Begins to watch for items.
    pub(crate) fn watch(self: &Arc<Self>, bodies: bool) -> TailWatcher {
        let receiver = self.sender.subscribe();
        self.watchers.fetch_add(1, Ordering::Relaxed);
        self.readers.fetch_add(usize::from(bodies), Ordering::Relaxed);
        TailWatcher { feed: Arc::clone(self), receiver, bodies }
    }
}

/// Receives what happens, until dropped.
#[derive(Debug)]
pub struct TailWatcher {
    feed: Arc<TailFeed>,
    receiver: broadcast::Receiver<Arc<TailItem>>,
    bodies: bool,
}

/// The next thing that a watcher receives.
#[derive(Debug, Clone)]
pub enum TailNext {
    /// Something that has happened.
    Item(Arc<TailItem>),
    /// The watcher was too slow and missed so many items.
    Missed(u64),
}

impl TailWatcher {
    /// Waits for the next item; `None` at the end of the server.
    pub async fn next(&mut self) -> Option<TailNext> {
        match self.receiver.recv().await {
            Ok(item) => Some(TailNext::Item(item)),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(TailNext::Missed(count)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Drop for TailWatcher {
    fn drop(&mut self) {
        self.feed.watchers.fetch_sub(1, Ordering::Relaxed);
        self.feed.readers.fetch_sub(usize::from(self.bodies), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_model::headers::PublishHeaders;
    use footbridge_model::id::EventId;
    use footbridge_model::lineage::Lineage;
    use footbridge_model::name::{AppName, EventName};
    use footbridge_model::provenance::Provenance;
    use footbridge_model::time::Millis;

    fn send(feed: &TailFeed, number: u64) {
        let event = Arc::new(Event {
            id: EventId::from_number(number),
            name: EventName::trusted("x"),
            publisher: AppName::trusted("camera"),
            body: Bytes::from_static(b"{}"),
            headers: PublishHeaders::default(),
            time: Millis(0),
            lineage: Lineage::default(),
            provenance: Provenance::default(),
        });
        feed.send(|feed| TailItem::Event(TailEvent { event: feed.event(&event), apps: Vec::new() }));
    }

    async fn next(watcher: &mut TailWatcher) -> String {
        match watcher.next().await.unwrap() {
            TailNext::Item(item) => match &*item {
                TailItem::Event(TailEvent { event, .. }) => format!("{} {:?}", event.id.number(), event.body),
                other => panic!("{other:?}"),
            },
            TailNext::Missed(count) => format!("missed {count}"),
        }
    }

    #[tokio::test]
    async fn items_are_made_only_for_watchers_and_bodies_only_for_readers() {
        let feed = Arc::new(TailFeed::default());
        feed.send(|_| panic!("nobody watches"));
        let mut watcher = feed.watch(false);
        send(&feed, 1);
        let mut reader = feed.watch(true);
        send(&feed, 2);
        assert_eq!(next(&mut watcher).await, "1 b\"\"");
        assert_eq!(next(&mut reader).await, "2 b\"{}\"");
        drop(reader);
        send(&feed, 3);
        assert_eq!(
            (next(&mut watcher).await, next(&mut watcher).await),
            ("2 b\"{}\"".into(), "3 b\"\"".into())
        );
        drop(watcher);
        feed.send(|_| panic!("nobody watches any more"));
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_how_many_items_it_missed() {
        let feed = Arc::new(TailFeed::default());
        let mut watcher = feed.watch(false);
        (1..=QUEUE as u64 + 7).for_each(|number| send(&feed, number));
        assert_eq!(next(&mut watcher).await, "missed 7");
        assert_eq!(next(&mut watcher).await, "8 b\"\"");
    }
}
