//! Live events: each app has a broadcast channel that carries the events its hooks get, as they are accepted.

use bytes::Bytes;
use footbridge_model::envelope::{self, Addressee};
use footbridge_model::event::Event;
use footbridge_model::hook::HookType;
use footbridge_model::id::EventId;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// The most events that wait for one subscriber. A slower one misses the oldest and learns how many.
const QUEUE: usize = 256;

/// The channel of one app.
#[derive(Debug)]
struct Channel {
    /// Generation of the app. Another app of the same name has another generation.
    generation: u64,
    sender: broadcast::Sender<LiveMessage>,
}

impl Channel {
    fn new(generation: u64) -> Self {
        Self { generation, sender: broadcast::channel(QUEUE).0 }
    }
}

#[derive(Debug, Clone)]
enum LiveMessage {
    Event(Arc<PageEvent>),
    Recheck,
}

/// The channels of all apps that have subscribers.
#[derive(Debug, Default)]
pub(crate) struct LiveChannels {
    channels: Mutex<HashMap<AppName, Channel>>,
    subscribers: AtomicUsize,
}

/// An event as pages see it, serialised once for all of them.
#[derive(Debug)]
pub struct PageEvent {
    /// The accepted event.
    pub event: Arc<Event>,
    /// Low watermark: every event up to this id is committed and was broadcast before this one.
    pub watermark: EventId,
    /// The event's envelope as one line of JSON. It contains no token.
    pub json: Bytes,
}

impl PageEvent {
    pub(crate) fn new(event: Arc<Event>, watermark: EventId, now: Millis) -> Self {
        let anyone = Addressee { kind: HookType::Function, token: "", public_url: "" };
        let mut json = envelope::write(&event, now, anyone);
        // A raw line break in JSON is white space: within strings it is escaped.
        if json.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            let plain = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
            json = json.iter().map(plain).collect();
        }
        Self { event, watermark, json }
    }
}

/// The next item of a [`LiveSubscription`].
#[derive(Debug, Clone)]
pub(crate) enum Received {
    /// An event of the app.
    Event(Arc<PageEvent>),
    /// The subscriber was too slow and missed this many events.
    Missed(u64),
    /// The app has changed: the subscriber checks whether it still may watch.
    Recheck,
}

/// A subscription to one app's channel, until dropped.
#[derive(Debug)]
pub(crate) struct LiveSubscription {
    channels: Arc<LiveChannels>,
    app: AppName,
    generation: u64,
    receiver: broadcast::Receiver<LiveMessage>,
}

impl LiveChannels {
    fn lock(&self) -> MutexGuard<'_, HashMap<AppName, Channel>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true if any app has a subscriber.
    pub(crate) fn has_subscribers(&self) -> bool {
        self.subscribers.load(Ordering::Relaxed) > 0
    }

    /// Broadcasts an event that is committed to the subscribers of `apps`, each given with its generation.
    pub(crate) fn broadcast<'a>(
        &self,
        event: &Arc<Event>,
        watermark: EventId,
        now: Millis,
        apps: impl Iterator<Item = (&'a AppName, u64)>,
    ) {
        let channels = self.lock();
        let mut serialised = None;
        let of_app = |(app, generation)| {
            channels.get(app).filter(|channel: &&Channel| channel.generation == generation)
        };
        for channel in apps.filter_map(of_app) {
            let event =
                serialised.get_or_insert_with(|| Arc::new(PageEvent::new(Arc::clone(event), watermark, now)));
            // Sending fails if the last subscriber has just left.
            let _ = channel.sender.send(LiveMessage::Event(Arc::clone(event)));
        }
    }

    /// Subscribes to an app's channel. A subscription to a removed app receives nothing. A newer app of the same name ends
    /// the subscriptions to the older one.
    pub(crate) fn subscribe(self: &Arc<Self>, app: &AppName, generation: u64) -> LiveSubscription {
        let mut channels = self.lock();
        let channel = channels.entry(app.clone()).or_insert_with(|| Channel::new(generation));
        if channel.generation < generation {
            *channel = Channel::new(generation);
        }
        let receiver = if channel.generation == generation {
            channel.sender.subscribe()
        } else {
            broadcast::channel(1).1
        };
        self.subscribers.fetch_add(1, Ordering::Relaxed);
        LiveSubscription { channels: Arc::clone(self), app: app.clone(), generation, receiver }
    }

    /// Makes the subscribers of an app check whether they still may watch: the app has changed or was removed.
    pub(crate) fn recheck(&self, app: &AppName) {
        if let Some(channel) = self.lock().get(app) {
            // Sending fails if no subscriber is left.
            let _ = channel.sender.send(LiveMessage::Recheck);
        }
    }

    /// Ends all subscriptions of all apps.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }
}

impl LiveSubscription {
    /// Waits for the next item; `None` once the channel is closed.
    pub(crate) async fn next(&mut self) -> Option<Received> {
        match self.receiver.recv().await {
            Ok(LiveMessage::Event(event)) => Some(Received::Event(event)),
            Ok(LiveMessage::Recheck) => Some(Received::Recheck),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Received::Missed(count)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Drop for LiveSubscription {
    fn drop(&mut self) {
        self.channels.subscribers.fetch_sub(1, Ordering::Relaxed);
        let mut channels = self.channels.lock();
        // The receiver of this subscription still counts: it is dropped afterwards.
        let last = channels.get(&self.app).is_some_and(|channel| {
            channel.generation == self.generation && channel.sender.receiver_count() <= 1
        });
        if last {
            channels.remove(&self.app);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use footbridge_model::headers::PublishHeaders;
    use footbridge_model::lineage::Lineage;
    use footbridge_model::name::EventName;
    use footbridge_model::provenance::Provenance;

    fn event(number: u64) -> Arc<Event> {
        Arc::new(Event {
            id: EventId::from_number(number),
            name: EventName::trusted("x"),
            publisher: AppName::trusted("camera"),
            body: Bytes::from_static(b"{}"),
            headers: PublishHeaders::default(),
            time: Millis(0),
            lineage: Lineage::default(),
            provenance: Provenance::default(),
        })
    }

    fn broadcast(live: &LiveChannels, number: u64, apps: &[(&AppName, u64)]) {
        live.broadcast(&event(number), EventId::from_number(number), Millis(0), apps.iter().copied());
    }

    async fn received(subscription: &mut LiveSubscription) -> String {
        match subscription.next().await {
            Some(Received::Event(event)) => event.event.id.number().to_string(),
            Some(Received::Missed(count)) => format!("missed {count}"),
            Some(Received::Recheck) => "recheck".to_owned(),
            None => "end".to_owned(),
        }
    }

    #[tokio::test]
    async fn each_app_has_its_own_subscribers() {
        let (live, fax, shop) =
            (Arc::new(LiveChannels::default()), AppName::trusted("fax"), AppName::trusted("shop"));
        assert!(!live.has_subscribers());
        let (mut one, mut two) = (live.subscribe(&fax, 1), live.subscribe(&fax, 1));
        let mut other = live.subscribe(&shop, 2);
        broadcast(&live, 1, &[(&fax, 1)]);
        broadcast(&live, 2, &[(&fax, 1), (&shop, 2)]);
        assert_eq!((received(&mut one).await, received(&mut two).await), ("1".into(), "1".into()));
        assert_eq!(received(&mut other).await, "2");
        live.recheck(&fax);
        assert_eq!((received(&mut one).await, received(&mut one).await), ("2".into(), "recheck".into()));
        drop((one, two));
        live.close();
        assert_eq!(received(&mut other).await, "end");
        drop(other);
        assert!(!live.has_subscribers() && live.lock().is_empty());
    }

    #[tokio::test]
    async fn subscribers_of_an_older_app_of_the_same_name_receive_nothing() {
        let (live, fax) = (Arc::new(LiveChannels::default()), AppName::trusted("fax"));
        let mut old = live.subscribe(&fax, 1);
        broadcast(&live, 1, &[(&fax, 2)]);
        let mut new = live.subscribe(&fax, 2);
        broadcast(&live, 2, &[(&fax, 2)]);
        let mut late = live.subscribe(&fax, 1);
        assert_eq!((received(&mut old).await, received(&mut late).await), ("end".into(), "end".into()));
        drop((old, late));
        broadcast(&live, 3, &[(&fax, 1)]);
        broadcast(&live, 4, &[(&fax, 2)]);
        assert_eq!((received(&mut new).await, received(&mut new).await), ("2".into(), "4".into()));
    }

    #[tokio::test]
    async fn a_slow_subscriber_is_told_how_many_events_it_missed() {
        let (live, fax) = (Arc::new(LiveChannels::default()), AppName::trusted("fax"));
        let mut slow = live.subscribe(&fax, 1);
        let count = QUEUE as u64 + 10;
        (1..=count).for_each(|number| broadcast(&live, number, &[(&fax, 1)]));
        assert_eq!(received(&mut slow).await, "missed 10");
        assert_eq!(received(&mut slow).await, "11");
    }
}
