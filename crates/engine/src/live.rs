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

/// Where the watchers of one app listen.
#[derive(Debug)]
struct Channel {
    /// Which app of this name it is of.
    generation: u64,
    said: broadcast::Sender<Said>,
}

impl Channel {
    fn new(generation: u64) -> Self {
        Self { generation, said: broadcast::channel(QUEUE).0 }
    }
}

#[derive(Debug, Clone)]
enum Said {
    Event(Arc<PageEvent>),
    Look,
}

/// Who watches which app.
#[derive(Debug, Default)]
pub(crate) struct Live {
    channels: Mutex<HashMap<AppName, Channel>>,
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
pub(crate) enum Heard {
    /// An event.
    Event(Arc<PageEvent>),
    /// It was too slow, and missed so many.
    Missed(u64),
    /// The app has changed: whoever watches it looks whether it still may.
    Look,
}

/// Listens to one app until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    live: Arc<Live>,
    app: AppName,
    generation: u64,
    said: broadcast::Receiver<Said>,
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, HashMap<AppName, Channel>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody watches anything.
    pub(crate) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Tells the watchers of these apps, each with its generation, of an event that is on the disk.
    pub(crate) fn tell<'a>(
        &self,
        event: &Arc<Event>,
        settled: EventId,
        now: Millis,
        apps: impl Iterator<Item = (&'a AppName, u64)>,
    ) {
        let channels = self.lock();
        let mut written = None;
        let of_app = |(app, generation)| {
            channels.get(app).filter(|channel: &&Channel| channel.generation == generation)
        };
        for channel in apps.filter_map(of_app) {
            let event =
                written.get_or_insert_with(|| Arc::new(PageEvent::new(Arc::clone(event), settled, now)));
            // The last one may have left just now.
            let _ = channel.said.send(Said::Event(Arc::clone(event)));
        }
    }

    /// Begins to listen to an app. One that is gone is heard of no more; one that took its name ends those who still
    /// listen to it.
    pub(crate) fn listen(self: &Arc<Self>, app: &AppName, generation: u64) -> Listener {
        let mut channels = self.lock();
        let channel = channels.entry(app.clone()).or_insert_with(|| Channel::new(generation));
        if channel.generation < generation {
            *channel = Channel::new(generation);
        }
        let said =
            if channel.generation == generation { channel.said.subscribe() } else { broadcast::channel(1).1 };
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Listener { live: Arc::clone(self), app: app.clone(), generation, said }
    }

    /// Lets the watchers of an app look whether they still may: it has changed, or is gone.
    pub(crate) fn look(&self, app: &AppName) {
        if let Some(channel) = self.lock().get(app) {
            // Nobody may be left.
            let _ = channel.said.send(Said::Look);
        }
    }

    /// Ends all watching: the server closes its connections.
    pub(crate) fn end_all(&self) {
        self.lock().clear();
    }
}

impl Listener {
    /// Waits for what comes next; `None` once nothing will.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        match self.said.recv().await {
            Ok(Said::Event(event)) => Some(Heard::Event(event)),
            Ok(Said::Look) => Some(Heard::Look),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Heard::Missed(count)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.live.watchers.fetch_sub(1, Ordering::Relaxed);
        let mut channels = self.live.lock();
        // Its own receiver is dropped only after this.
        let last = channels.get(&self.app).is_some_and(|channel| {
            channel.generation == self.generation && channel.said.receiver_count() <= 1
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

    fn tell(live: &Live, number: u64, apps: &[(&AppName, u64)]) {
        live.tell(&event(number), EventId::from_number(number), Millis(0), apps.iter().copied());
    }

    async fn heard(listener: &mut Listener) -> String {
        match listener.next().await {
            Some(Heard::Event(event)) => event.event.id.number().to_string(),
            Some(Heard::Missed(count)) => format!("missed {count}"),
            Some(Heard::Look) => "look".to_owned(),
            None => "end".to_owned(),
        }
    }

    #[tokio::test]
    async fn each_app_has_its_own_watchers() {
        let (live, fax, shop) =
            (Arc::new(Live::default()), AppName::trusted("fax"), AppName::trusted("shop"));
        assert!(!live.is_watched());
        let (mut one, mut two) = (live.listen(&fax, 1), live.listen(&fax, 1));
        let mut other = live.listen(&shop, 2);
        tell(&live, 1, &[(&fax, 1)]);
        tell(&live, 2, &[(&fax, 1), (&shop, 2)]);
        assert_eq!((heard(&mut one).await, heard(&mut two).await), ("1".into(), "1".into()));
        assert_eq!(heard(&mut other).await, "2");
        live.look(&fax);
        assert_eq!((heard(&mut one).await, heard(&mut one).await), ("2".into(), "look".into()));
        drop((one, two));
        live.end_all();
        assert_eq!(heard(&mut other).await, "end");
        drop(other);
        assert!(!live.is_watched() && live.lock().is_empty());
    }

    #[tokio::test]
    async fn an_app_is_not_heard_by_those_who_watch_its_namesake() {
        let (live, fax) = (Arc::new(Live::default()), AppName::trusted("fax"));
        let mut old = live.listen(&fax, 1);
        tell(&live, 1, &[(&fax, 2)]);
        let mut new = live.listen(&fax, 2);
        tell(&live, 2, &[(&fax, 2)]);
        let mut late = live.listen(&fax, 1);
        assert_eq!((heard(&mut old).await, heard(&mut late).await), ("end".into(), "end".into()));
        drop((old, late));
        tell(&live, 3, &[(&fax, 1)]);
        tell(&live, 4, &[(&fax, 2)]);
        assert_eq!((heard(&mut new).await, heard(&mut new).await), ("2".into(), "4".into()));
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_what_it_missed() {
        let (live, fax) = (Arc::new(Live::default()), AppName::trusted("fax"));
        let mut slow = live.listen(&fax, 1);
        let count = QUEUE as u64 + 10;
        (1..=count).for_each(|number| tell(&live, number, &[(&fax, 1)]));
        assert_eq!(heard(&mut slow).await, "missed 10");
        assert_eq!(heard(&mut slow).await, "11");
    }
}
