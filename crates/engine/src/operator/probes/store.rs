//! The tests of receivers that run or ended lately. They are in memory only.

use super::kind::Protocol;
use footbridge_model::name::AppName;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The number of tests that are remembered.
const REMEMBERED: usize = 32;

/// A test of a receiver.
#[derive(Debug, Clone)]
pub struct ReceiverTest {
    /// The id of the test.
    pub id: String,
    /// The app whose secrets sign the requests.
    pub app: AppName,
    /// The URL of the receiver.
    pub url: String,
    /// The protocol of the requests.
    pub protocol: Protocol,
    /// True once all probes have been made.
    pub done: bool,
    /// The results, as far as they are known.
    pub probes: Vec<Probe>,
}

/// The result of one probe.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The number of the probe, from 1 on.
    pub n: u8,
    /// The name of the probe.
    pub name: &'static str,
    /// A description of what was sent.
    pub sent: &'static str,
    /// The answer of a receiver that makes the check.
    pub expected: &'static str,
    /// A description of the answer.
    pub got: String,
    /// True if the receiver makes the check; `None` if the probe cannot tell.
    pub ok: Option<bool>,
    /// Advice: what to do, or why the check matters.
    pub advice: String,
    /// Code with the check that is missing.
    pub code: Option<&'static str>,
}

/// The reason why a receiver is not tested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverTestError {
    /// A test of this URL runs. Holds its id.
    #[error("a test of this URL is running: {0}")]
    Running(String),
    /// Too many tests run.
    #[error("{REMEMBERED} tests are running; wait until one has ended")]
    TooMany,
    /// The server is shutting down.
    #[error("the server is shutting down; nothing was sent")]
    Draining,
}

/// All tests of this server.
#[derive(Debug, Default)]
pub(crate) struct ReceiverTests {
    tests: Mutex<VecDeque<ReceiverTest>>,
    /// Notified when a test has a further result, or has ended.
    changed: Notify,
}

impl ReceiverTests {
    fn lock(&self) -> MutexGuard<'_, VecDeque<ReceiverTest>> {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a test that begins. Forgets the oldest one that has ended if there are too many.
    pub(crate) fn begin(&self, test: ReceiverTest) -> Result<(), ReceiverTestError> {
        let mut tests = self.lock();
        if let Some(running) = tests.iter().find(|known| !known.done && known.url == test.url) {
            return Err(ReceiverTestError::Running(running.id.clone()));
        }
        if tests.len() >= REMEMBERED {
            let ended = tests.iter().position(|known| known.done).ok_or(ReceiverTestError::TooMany)?;
            tests.remove(ended);
        }
        tests.push_back(test);
        drop(tests);
        Ok(())
    }

    /// The test with this id.
    pub(crate) fn find(&self, id: &str) -> Option<ReceiverTest> {
        self.lock().iter().find(|test| test.id == id).cloned()
    }

    /// The test with this id, once it has more than `known` results or has ended, and at the latest after `patience`.
    pub(crate) async fn find_after(
        &self,
        id: &str,
        known: usize,
        patience: Duration,
    ) -> Option<ReceiverTest> {
        let until = Instant::now() + patience;
        loop {
            let mut changed = pin!(self.changed.notified());
            // Enabled before the state is read, so that no change goes unnoticed in between.
            changed.as_mut().enable();
            let test = self.find(id)?;
            if test.done || test.probes.len() > known || timeout_at(until, changed).await.is_err() {
                return Some(test);
            }
        }
    }

    pub(super) fn report(&self, id: &str, probe: Probe) {
        self.change(id, |test| test.probes.push(probe));
    }

    /// Records that a test has ended.
    pub(crate) fn end(&self, id: &str) {
        self.change(id, |test| test.done = true);
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut ReceiverTest)) {
        if let Some(test) = self.lock().iter_mut().find(|test| test.id == id) {
            change(test);
        }
        self.changed.notify_waiters();
    }
}
