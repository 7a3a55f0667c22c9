//! The output of all apps.

use super::ring::Ring;
use footbridge_model::name::AppName;
use footbridge_model::run::{OutputLine, Stream};
use footbridge_model::time::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Keeps the last lines of every app; shared by whoever reads and whoever writes them.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    apps: Arc<Mutex<HashMap<AppName, Kept>>>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct Kept {
    ring: Ring,
    /// The number of the last line, for those that wait for the next.
    last: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { apps: Arc::default(), clock }
    }

    /// Adds lines, in order.
    pub(crate) fn add(&self, app: &AppName, stream: Stream, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        let at = self.clock.now();
        let mut apps = self.lock();
        let kept = apps.entry(app.clone()).or_default();
        for line in lines {
            kept.ring.push(at, stream, line);
        }
        kept.last.send_replace(kept.ring.last);
    }

    /// Adds a line of the server's own.
    pub(crate) fn say(&self, app: &AppName, text: String) {
        self.add(app, Stream::Server, [text]);
    }

    /// The number of an app's last line.
    pub(crate) fn last(&self, app: &AppName) -> u64 {
        self.lock().get(app).map_or(0, |kept| kept.ring.last)
    }

    /// At most `limit` lines after number `after`.
    pub(crate) fn after(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine> {
        self.lock().get(app).map(|kept| kept.ring.after(after, limit)).unwrap_or_default()
    }

    /// Resolves once there is a line with a number above `after`, or the app is forgotten.
    pub(crate) async fn written(&self, app: &AppName, after: u64) {
        let mut last = self.lock().entry(app.clone()).or_default().last.subscribe();
        // An error means that the app is forgotten: whoever waits looks again and finds nothing.
        let _ = last.wait_for(|last| *last > after).await;
    }

    pub(crate) fn forget(&self, app: &AppName) {
        self.lock().remove(app);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AppName, Kept>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
