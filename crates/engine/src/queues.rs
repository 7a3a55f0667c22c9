//! The queues of all hooks at a glance: what waits, what stands, and what is dead.

use crate::registry::{AppRegistry, HookEntry};
use footbridge_journal::{DeadDeliveries, Journal, JournalError, WaitingDeliveries};
use footbridge_model::time::{Clock, Millis};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an overview is used again, so that many viewers cost as much as one.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// The most hooks with dead or waiting deliveries that an overview has.
const MAX_HOOKS: u32 = 5000;
/// How long a delivery is due before its queue counts as standing.
const STANDING_AFTER: Duration = Duration::from_secs(30);

/// The state of a queue with pending deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueState {
    /// Deliveries go on, or the next one waits for its time.
    Moving,
    /// The receiver of an ordered hook fails, and everything behind the first delivery waits for it.
    HeadFailing,
    /// The installed app does not run.
    AppDown,
    /// The next delivery is overdue: attempts in progress use the whole window.
    WindowFull,
    /// An operator has paused it.
    Paused,
    /// The hook or its app is switched off.
    Off,
}

impl QueueState {
    /// Returns true if nothing moves until somebody does something.
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::HeadFailing | Self::AppDown | Self::WindowFull)
    }
}

/// The queue of one hook.
#[derive(Debug, Clone)]
pub struct WaitingQueue {
    /// The hook that the deliveries go to.
    pub hook: Arc<HookEntry>,
    /// The pending deliveries of the hook.
    pub waiting: WaitingDeliveries,
    /// The state of the queue.
    pub state: QueueState,
}

/// The queues of all hooks.
#[derive(Debug, Clone, Default)]
pub struct QueueOverview {
    /// Dead deliveries by hook.
    pub dead: Vec<DeadDeliveries>,
    /// Hooks with pending deliveries.
    pub waiting: Vec<WaitingQueue>,
}

/// Reads overviews, at most one in some seconds.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<Option<(Instant, Arc<QueueOverview>)>>);

impl Queues {
    fn fresh(&self) -> Option<Arc<QueueOverview>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < FRESH_FOR).map(|(_, overview)| Arc::clone(overview))
    }

    /// The queues of all hooks, a few seconds old at most.
    pub(crate) async fn overview(
        &self,
        registry: &AppRegistry,
        journal: &dyn Journal,
        clock: &dyn Clock,
    ) -> Result<Arc<QueueOverview>, JournalError> {
        if let Some(overview) = self.fresh() {
            return Ok(overview);
        }
        let (dead, waiting) =
            (journal.dead_deliveries(MAX_HOOKS), journal.waiting_deliveries(None, MAX_HOOKS));
        let (dead, waiting) = (dead.await?, waiting.await?);
        let (now, index) = (clock.now(), registry.index.load());
        let queue = |waiting: WaitingDeliveries| {
            let hook = Arc::clone(index.hook(waiting.hook)?);
            let state = state(registry, &hook, &waiting, now);
            Some(WaitingQueue { hook, waiting, state })
        };
        let waiting = waiting.into_iter().filter_map(queue).collect();
        let overview = Arc::new(QueueOverview { dead, waiting });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), Arc::clone(&overview)));
        Ok(overview)
    }
}

fn state(registry: &AppRegistry, hook: &HookEntry, waiting: &WaitingDeliveries, now: Millis) -> QueueState {
    let directory = registry.directory.load();
    let Some(app) = directory.app(hook.hook.app.as_str()).filter(|app| app.app.enabled && hook.hook.enabled)
    else {
        return QueueState::Off;
    };
    if hook.hook.paused.is_some() {
        return QueueState::Paused;
    }
    let is_overdue = waiting.due.plus(STANDING_AFTER) < now;
    if hook.hook.options.ordered && waiting.attempts > 0 {
        QueueState::HeadFailing
    } else if is_overdue && app.app.package.is_some() && app.run.is_none() {
        QueueState::AppDown
    } else if is_overdue {
        QueueState::WindowFull
    } else {
        QueueState::Moving
    }
}
