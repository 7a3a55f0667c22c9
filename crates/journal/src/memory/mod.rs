//! A journal in memory, for tests and simulations: it obeys the laws but survives only through
//! [`MemoryJournal::reopened`].

mod deliveries;
mod exchanges;
mod port;
mod prune;
mod registry;
mod state;

use crate::{JournalError, Wait};
use state::State;
use std::fmt;
use std::future::{poll_fn, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// The journal in memory. Every call takes effect at once; its `Wait` is ready.
#[derive(Default)]
pub struct MemoryJournal {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    state: State,
    refusal: Option<JournalError>,
    stopped: Option<String>,
    closed: bool,
    watchers: Vec<Waker>,
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryJournal")
    }
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a server finds that starts after this one ended, however it ended.
    pub fn reopened(&self) -> Self {
        let shared = Shared { state: self.lock().state.clone(), ..Shared::default() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// From now on every append fails with this; `None` ends that.
    pub fn refuse_appends(&self, with: Option<JournalError>) {
        self.lock().refusal = with;
    }

    /// Stops by itself, as after an I/O error: every later call fails.
    pub fn stop(&self, reason: &str) {
        let mut shared = self.lock();
        shared.stopped = Some(reason.to_owned());
        let watchers = std::mem::take(&mut shared.watchers);
        drop(shared);
        watchers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act<T: Send + 'static>(&self, work: impl FnOnce(&mut State) -> Result<T, JournalError>) -> Wait<T> {
        let mut shared = self.lock();
        let result = match (&shared.stopped, shared.closed) {
            (Some(reason), _) => Err(JournalError::Stopped(reason.clone())),
            (None, true) => Err(JournalError::Stopped("it was closed".to_owned())),
            (None, false) => work(&mut shared.state),
        };
        Box::pin(ready(result))
    }

    fn when_stopped(&self) -> Wait<String> {
        let shared = self.shared.clone();
        Box::pin(poll_fn(move |context| {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(reason) = &shared.stopped {
                return Poll::Ready(Ok(reason.clone()));
            }
            shared.watchers.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{self, Subject};
    use crate::{Journal as _, RegistryStore as _};

    struct InMemory(MemoryJournal);

    impl Subject for InMemory {
        type Store = MemoryJournal;

        fn store(&self) -> &MemoryJournal {
            &self.0
        }

        async fn restart(&mut self) {
            self.0 = self.0.reopened();
        }
    }

    #[tokio::test]
    async fn obeys_the_contract() {
        contract::run_all(async || InMemory(MemoryJournal::new())).await;
    }

    #[tokio::test]
    async fn stops_when_told() {
        let journal = MemoryJournal::new();
        let stopped = tokio::spawn(journal.stopped());
        tokio::task::yield_now().await;
        journal.stop("the disk is gone");
        assert_eq!(stopped.await.unwrap(), Ok("the disk is gone".to_owned()));
        assert_eq!(journal.load().await.err(), Some(JournalError::Stopped("the disk is gone".to_owned())));
    }
}
