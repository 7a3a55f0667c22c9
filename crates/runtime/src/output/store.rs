//! Stores the output of all apps.

use super::ring::Ring;
use footbridge_model::name::AppName;
use footbridge_model::run::{OutputLine, Stream};
use footbridge_model::time::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The last lines of every app. Clones share the same lines.
#[derive(Debug, Clone)]
pub(crate) struct OutputStore {
    apps: Arc<Mutex<HashMap<AppName, AppOutput>>>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct AppOutput {
    ring: Ring,
    /// The number of the last line; notifies readers that wait for the next line.
    last: watch::Sender<u64>,
}

impl OutputStore {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { apps: Arc::default(), clock }
    }

    /// Adds lines in order.
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

    /// Adds a line written by the server itself.
    pub(crate) fn add_server_line(&self, app: &AppName, text: String) {
        self.add(app, Stream::Server, [text]);
    }

    /// The number of an app's last line; 0 if there is none.
    pub(crate) fn last(&self, app: &AppName) -> u64 {
        self.lock().get(app).map_or(0, |kept| kept.ring.last)
    }

    /// Returns at most `limit` lines with a number above `after`.
    pub(crate) fn after(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine> {
        self.lock().get(app).map(|kept| kept.ring.after(after, limit)).unwrap_or_default()
    }

    /// Resolves when the app has a line with a number above `after`, or is removed from the store.
    pub(crate) async fn written(&self, app: &AppName, after: u64) {
        let mut last = self.lock().entry(app.clone()).or_default().last.subscribe();
        // An error means that the app was removed; the reader then finds no lines.
        let _ = last.wait_for(|last| *last > after).await;
    }

    pub(crate) fn forget(&self, app: &AppName) {
        self.lock().remove(app);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AppName, AppOutput>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
