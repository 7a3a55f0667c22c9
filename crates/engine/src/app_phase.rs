//! The phase of an installed app: down, starting, announcing, running, stopping or failed.

use footbridge_model::run::{RunId, Running};
use footbridge_model::secret::Secret;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long the server may take to notice that a process crashed, on a busy machine.
const CRASH_NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// One run of an app, from the moment its process listens.
#[derive(Debug)]
pub(crate) struct Run {
    /// The app's token while this run lasts. It exists in memory only.
    pub(crate) token: Secret,
    /// Proves to the app that a request comes from this server.
    pub(crate) secret: Secret,
    /// The address it listens on, and its process.
    pub(crate) running: Running,
    stop_requested: Flag,
    over: Flag,
}

/// A flag that is set once. Waiters go on in the order in which they began to wait, which a `watch` channel does not
/// promise: a simulation can repeat a run.
#[derive(Debug, Default)]
struct Flag {
    is_set: AtomicBool,
    set: Notify,
}

impl Flag {
    fn set(&self) {
        self.is_set.store(true, Ordering::Release);
        self.set.notify_waiters();
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    async fn wait(&self) {
        // Registered before the flag is read: a flag that is set in between is noticed.
        let set = self.set.notified();
        if !self.is_set() {
            set.await;
        }
    }
}

impl Run {
    pub(crate) fn new(token: Secret, secret: Secret, running: Running) -> Self {
        Self { token, secret, running, stop_requested: Flag::default(), over: Flag::default() }
    }

    /// Announces that the server is about to stop this run. Requests that it has not answered by now are given up.
    pub(crate) fn request_stop(&self) {
        self.stop_requested.set();
    }

    pub(crate) fn is_stop_requested(&self) -> bool {
        self.stop_requested.is_set()
    }

    /// Waits until the server is about to stop this run.
    pub(crate) async fn stop_requested(&self) {
        self.stop_requested.wait().await;
    }

    /// Records that the run is over.
    pub(crate) fn mark_over(&self) {
        self.over.set();
    }

    /// Returns true if the run is over. Waits up to one second for that: after a crash, the first sign may be that
    /// nothing listens on the port any more.
    pub(crate) async fn has_ended(&self) -> bool {
        tokio::time::timeout(CRASH_NOTICED_WITHIN, self.over.wait()).await.is_ok()
    }

    /// The base URL of the app, without a slash at the end.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.running.address)
    }
}

/// The phase of an installed app.
#[derive(Debug, Clone, Default)]
pub(crate) enum Phase {
    /// It does not run.
    #[default]
    Down,
    /// Its process is being started.
    Starting,
    /// It listens, its token works, and it is handling `bolt/app-starting`. No other event is sent to it yet.
    Announcing(Arc<Run>),
    /// It runs and receives events.
    Running(Arc<Run>),
    /// It is being told to stop.
    Stopping(Arc<Run>),
    /// Its last start failed.
    Failed {
        /// The reason, for the operator.
        why: String,
        /// The earliest time of the next start.
        until: Instant,
    },
}

impl Phase {
    const fn run(&self) -> Option<&Arc<Run>> {
        match self {
            Self::Announcing(run) | Self::Running(run) | Self::Stopping(run) => Some(run),
            Self::Down | Self::Starting | Self::Failed { .. } => None,
        }
    }
}

/// The current phase, and the last run that is known to be over: a run may end before its start is recorded.
#[derive(Debug, Default)]
struct Current {
    phase: Phase,
    last_ended: Option<RunId>,
}

/// The lifecycle of one app; survives every change of the app's settings.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    current: Mutex<Current>,
    /// Serialises starts and stops.
    pub(crate) start_stop_lock: Arc<tokio::sync::Mutex<()>>,
    /// The number of open connections to the app.
    pub(crate) open_connections: Arc<AtomicUsize>,
    last_used: Mutex<Instant>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            current: Mutex::default(),
            start_stop_lock: Arc::default(),
            open_connections: Arc::default(),
            last_used: Mutex::new(Instant::now()),
        }
    }
}

impl Lifecycle {
    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current phase.
    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase.clone()
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.lock().phase = phase;
        self.mark_used();
    }

    /// Records that a run has started. Returns false if that run is over already.
    pub(crate) fn run_started(&self, run: &Arc<Run>) -> bool {
        let mut current = self.lock();
        debug_assert!(current.phase.run().is_none(), "an app has one run at a time");
        let lasts = current.last_ended != Some(run.running.run);
        current.phase = if lasts { Phase::Announcing(Arc::clone(run)) } else { Phase::Down };
        lasts
    }

    /// Records that a run is over. Returns the run if its end is still to be handled: not if the run was unknown, and
    /// not while a stop is under way, which handles the end itself.
    pub(crate) fn run_ended(&self, run: RunId) -> Option<Arc<Run>> {
        let mut current = self.lock();
        current.last_ended = Some(run);
        let is_stopping = matches!(current.phase, Phase::Stopping(_));
        current.phase.run().filter(|known| known.running.run == run && !is_stopping).cloned()
    }

    /// Enters `phase` if the current run is `run`. Returns false if it is not.
    pub(crate) fn advance(&self, run: RunId, phase: Phase) -> bool {
        let mut current = self.lock();
        let is_current = current.phase.run().is_some_and(|current| current.running.run == run);
        if is_current {
            current.phase = phase;
        }
        drop(current);
        self.mark_used();
        is_current
    }

    /// Forgets a failed start, so that the app may be started again at once.
    pub(crate) fn clear_failure(&self) {
        let mut current = self.lock();
        if matches!(current.phase, Phase::Failed { .. }) {
            current.phase = Phase::Down;
        }
    }

    /// Returns the run if the app is in [`Phase::Running`], and counts as a use of the app.
    pub(crate) fn use_running(&self) -> Option<Arc<Run>> {
        let current = self.lock();
        let Phase::Running(run) = &current.phase else { return None };
        self.mark_used();
        Some(Arc::clone(run))
    }

    /// Returns the run whose token is valid now.
    pub(crate) fn run(&self) -> Option<Arc<Run>> {
        self.lock().phase.run().cloned()
    }

    /// Enters [`Phase::Stopping`] if nobody has used the app for `unused` and no connection to it is open.
    pub(crate) fn stop_if_unused(&self, run: &Arc<Run>, unused: Duration) -> bool {
        // The lock of `use_running`: no caller gets a run that is about to stop.
        let mut current = self.lock();
        let is_running =
            matches!(&current.phase, Phase::Running(known) if known.running.run == run.running.run);
        let stops = is_running && self.unused_for().is_some_and(|time| time >= unused);
        if stops {
            current.phase = Phase::Stopping(Arc::clone(run));
        }
        stops
    }

    fn mark_used(&self) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// The time since the last use; `None` while a connection to the app is open.
    pub(crate) fn unused_for(&self) -> Option<Duration> {
        if self.open_connections.load(Ordering::Acquire) > 0 {
            return None;
        }
        Some(self.last_used.lock().unwrap_or_else(PoisonError::into_inner).elapsed())
    }
}
