//! Live events: whoever watches an app hears of what its hooks get, as it is accepted.

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

/// The most events that wait for one watcher; whoever is slower misses the oldest and is told how many.
const QUEUE: usize = 256;

type Channels = HashMap<AppName, broadcast::Sender<Arc<PageEvent>>>;

/// Who watches which app.
#[derive(Debug, Default)]
pub(crate) struct Live {
    channels: Mutex<Channels>,
    watchers: AtomicUsize,
}

/// An event as pages see it; written once for all of them.
#[derive(Debug)]
pub struct PageEvent {
    /// The event.
    pub event: Arc<Event>,
    /// Up to this id all was told to watchers before it, and nothing is under way.
    pub settled: EventId,
    /// Its envelope in one line; it holds nobody's token.
    pub json: Bytes,
}

impl PageEvent {
    pub(crate) fn new(event: Arc<Event>, settled: EventId, now: Millis) -> Self {
        let anyone = Addressee { kind: HookType::Function, token: "", public_url: "" };
        let mut json = envelope::write(&event, now, anyone);
        // A line break in JSON is white space: within strings it is written as an escape.
        if json.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            let plain = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
            json = json.iter().map(plain).collect();
        }
        Self { event, settled, json }
    }
}

/// What a watcher hears next.
#[derive(Debug, Clone)]
pub enum Heard {
    /// An event.
    Event(Arc<PageEvent>),
    /// It was too slow, and missed so many.
    Missed(u64),
}

/// Watches one app until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    live: Arc<Live>,
    app: AppName,
    events: broadcast::Receiver<Arc<PageEvent>>,
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody watches anything.
    pub(crate) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Tells the watchers of these apps of an event that is on the disk.
    pub(crate) fn tell<'a>(
        &self,
        event: &Arc<Event>,
        settled: EventId,
        now: Millis,
        apps: impl Iterator<Item = &'a AppName>,
    ) {
        let channels = self.lock();
        let mut written = None;
        for channel in apps.filter_map(|app| channels.get(app)) {
            let event =
                written.get_or_insert_with(|| Arc::new(PageEvent::new(Arc::clone(event), settled, now)));
            // The last one may have left just now.
            let _ = channel.send(Arc::clone(event));
        }
    }

    /// Begins to watch an app.
    pub(crate) fn watch(self: &Arc<Self>, app: &AppName) -> Watcher {
        let mut channels = self.lock();
        let channel = channels.entry(app.clone()).or_insert_with(|| broadcast::channel(QUEUE).0);
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watcher { live: Arc::clone(self), app: app.clone(), events: channel.subscribe() }
    }

    /// Ends all watching of an app: it has gone, or may no longer be watched.
    pub(crate) fn end(&self, app: &AppName) {
        self.lock().remove(app);
    }

    /// Ends all watching: the server closes its connections.
    pub(crate) fn end_all(&self) {
        self.lock().clear();
    }
}

impl Watcher {
    /// Which app is watched.
    pub const fn app(&self) -> &AppName {
        &self.app
    }

    /// Waits for what comes next; `None` once the app may no longer be watched.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.events.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Heard::Missed(count)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.live.watchers.fetch_sub(1, Ordering::Relaxed);
        let mut channels = self.live.lock();
        // Its own receiver is dropped only after this.
        let last = channels.get(&self.app).is_some_and(|channel| channel.receiver_count() <= 1);
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

    fn event(number: u64) -> Arc<Event> {
        Arc::new(Event {
            id: EventId::from_number(number),
            name: EventName::trusted("x"),
            publisher: AppName::trusted("camera"),
            body: Bytes::from_static(b"{}"),
            headers: PublishHeaders::default(),
            time: Millis(0),
            lineage: Lineage::default(),
        })
    }

    async fn heard(watcher: &mut Watcher) -> String {
        match watcher.next().await {
            Some(Heard::Event(event)) => event.event.id.number().to_string(),
            Some(Heard::Missed(count)) => format!("missed {count}"),
            None => "end".to_owned(),
        }
    }

    #[tokio::test]
    async fn each_app_has_its_own_watchers() {
        let (live, fax, shop) =
            (Arc::new(Live::default()), AppName::trusted("fax"), AppName::trusted("shop"));
        assert!(!live.is_watched());
        let (mut one, mut two) = (live.watch(&fax), live.watch(&fax));
        let mut other = live.watch(&shop);
        live.tell(&event(1), EventId::from_number(1), Millis(0), [&fax].into_iter());
        live.tell(&event(2), EventId::from_number(2), Millis(0), [&fax, &shop].into_iter());
        assert_eq!((heard(&mut one).await, heard(&mut two).await), ("1".into(), "1".into()));
        assert_eq!(heard(&mut other).await, "2");
        live.end(&fax);
        assert_eq!((heard(&mut one).await, heard(&mut one).await), ("2".into(), "end".into()));
        drop((one, two, other));
        assert!(!live.is_watched() && live.lock().is_empty());
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_what_it_missed() {
        let (live, fax) = (Arc::new(Live::default()), AppName::trusted("fax"));
        let mut slow = live.watch(&fax);
        let count = QUEUE as u64 + 10;
        (1..=count).for_each(|number| {
            live.tell(&event(number), EventId::from_number(number), Millis(0), [&fax].into_iter());
        });
        assert_eq!(heard(&mut slow).await, "missed 10");
        assert_eq!(heard(&mut slow).await, "11");
    }
}
