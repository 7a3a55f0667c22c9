//! The dispatcher's loop: offers in, attempts out, results to the journal.

use super::attempt::Sender;
use super::turns::{Parts, State};
use crate::apps::Apps;
use crate::failure_log::FailureLog;
use crate::lanes::LaneFeed;
use crate::progress::Progress;
use crate::registry::AppRegistry;
use footbridge_courier::{Courier, CourierShared};
use footbridge_journal::Journal;
use footbridge_model::id::HookId;
use footbridge_model::retry::Schedule;
use footbridge_model::time::{Clock, Entropy, Millis};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The most results that wait for the loop; the attempts behind them wait in turn.
const RESULTS: usize = 1024;

/// What the dispatcher is built from.
pub(crate) struct DispatchOptions {
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) courier: Arc<CourierShared>,
    pub(crate) feed: LaneFeed,
    pub(crate) apps: Arc<Apps>,
    /// Hooks with deliveries from before, and when their first is due.
    pub(crate) waiting: Vec<(HookId, Millis)>,
    pub(crate) public_url: String,
    pub(crate) schedule: Schedule,
    /// One attempt, whole.
    pub(crate) timeout: Duration,
    /// How long a lane waits for an answer that its hook does not require.
    pub(crate) answer_wait: Duration,
    /// Where the dispatcher tells whether it gets on.
    pub(crate) progress: Arc<Progress>,
    pub(crate) log: Arc<FailureLog>,
}

/// Delivers; runs on a thread of its own.
pub struct Dispatcher(DispatchOptions);

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").finish_non_exhaustive()
    }
}

impl Dispatcher {
    pub(crate) const fn new(options: DispatchOptions) -> Self {
        Self(options)
    }

    /// Delivers until `drain` turns true, then waits until what is under way has ended. Drop the
    /// future to cut that short: deliveries under way stay pending, uncounted. Needs a `LocalSet`.
    pub async fn run(self, mut drain: watch::Receiver<bool>) {
        let mut feed = self.0.feed;
        let (results, mut news) = mpsc::channel(RESULTS);
        let sender = Sender {
            courier: Rc::new(Courier::new(self.0.courier)),
            journal: Arc::clone(&self.0.journal),
            clock: Arc::clone(&self.0.clock),
            apps: self.0.apps,
            past: feed.past(),
            public_url: self.0.public_url,
            timeout: self.0.timeout,
            answer_wait: self.0.answer_wait,
        };
        let mut state = State::new(
            sender,
            results,
            Parts {
                registry: self.0.registry,
                clock: self.0.clock,
                entropy: self.0.entropy,
                schedule: self.0.schedule,
                answer_wait: self.0.answer_wait,
                progress: self.0.progress,
                log: self.0.log,
            },
        );
        state.stirred(self.0.waiting.iter().map(|(hook, _)| *hook).collect());
        let (mut offers, mut urgent, mut batch) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let draining = *drain.borrow();
            if draining && state.is_idle() {
                state.flush();
                return;
            }
            // First what is under way, then what was offered: all that is older than it has its lane by now.
            state.oldest_open = state.sender.apps.publisher.unsettled.oldest();
            let stirred = feed.take(&mut offers);
            state.offered(&mut offers);
            state.stirred(stirred);
            if !draining {
                state.pump();
            }
            state.flush();
            // In this order, so that a simulation can repeat it. Reports are sent on this very thread: none comes while
            // they are taken, and then it is the feed's turn.
            tokio::select! {
                biased;
                _ = news.recv_many(&mut batch, RESULTS) => {
                    for report in batch.drain(..) {
                        state.report(report);
                    }
                }
                stirred = feed.next(&mut offers, &mut urgent) => {
                    state.hurry(&mut urgent);
                    state.offered(&mut offers);
                    state.stirred(stirred);
                }
                _ = drain.changed(), if !draining => {}
                () = tokio::time::sleep(state.nap()) => {}
            }
        }
    }
}
