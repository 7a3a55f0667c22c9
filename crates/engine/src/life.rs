//! Where an installed app stands: down, starting, running, leaving.

use footbridge_model::run::{RunId, Running};
use footbridge_model::secret::Secret;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a crash may take to be noticed, on a busy machine.
const NOTICED: Duration = Duration::from_secs(1);

/// One run of an app, from when it listens.
#[derive(Debug)]
pub(crate) struct Run {
    /// What it proves itself with; nowhere else but in this memory.
    pub(crate) token: Secret,
    /// What proves to it that a request comes from this server.
    pub(crate) secret: Secret,
    /// Where it listens and as which process.
    pub(crate) running: Running,
    ending: watch::Sender<End>,
}

/// How far the end of a run has come.
#[derive(Debug, Clone, Copy, Default)]
struct End {
    /// The server is about to end it.
    parted: bool,
    /// It is over.
    over: bool,
}

impl Run {
    pub(crate) fn new(token: Secret, secret: Secret, running: Running) -> Self {
        Self { token, secret, running, ending: watch::Sender::default() }
    }

    /// Says that the server is about to end it: what it has not answered by now is not waited for.
    pub(crate) fn part(&self) {
        self.ending.send_modify(|end| end.parted = true);
    }

    pub(crate) fn is_parted(&self) -> bool {
        self.ending.borrow().parted
    }

    /// Waits until the server is about to end it.
    pub(crate) async fn parted(&self) {
        // The sender is here.
        let _ = self.ending.subscribe().wait_for(|end| end.parted).await;
    }

    /// Says that it is over.
    pub(crate) fn end(&self) {
        self.ending.send_modify(|end| end.over = true);
    }

    /// Whether it is over, or is found to be in a moment: of a crash the first thing that is seen may be that
    /// nothing listens any more.
    pub(crate) async fn ends(&self) -> bool {
        let mut end = self.ending.subscribe();
        tokio::time::timeout(NOTICED, end.wait_for(|end| end.over)).await.is_ok()
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.running.address)
    }
}

/// Where an app stands.
#[derive(Debug, Clone, Default)]
pub(crate) enum Phase {
    /// It does not run.
    #[default]
    Down,
    /// Its process is being started.
    Launching,
    /// It listens and is being told so: its token works, and nothing else is sent to it yet.
    Greeting(Arc<Run>),
    /// It runs.
    Up(Arc<Run>),
    /// It is being told to stop.
    Leaving(Arc<Run>),
    /// Its last start failed; it is not started again before then.
    Failed {
        /// What went wrong.
        why: String,
        /// When it may be started again.
        until: Instant,
    },
}

impl Phase {
    const fn run(&self) -> Option<&Arc<Run>> {
        match self {
            Self::Greeting(run) | Self::Up(run) | Self::Leaving(run) => Some(run),
            Self::Down | Self::Launching | Self::Failed { .. } => None,
        }
    }
}

/// Where an app stands, and the last of its runs that is known to be over: a run may end before anybody
/// has heard that it began.
#[derive(Debug, Default)]
struct Standing {
    phase: Phase,
    over: Option<RunId>,
}

/// The life of one app; survives every change of the app.
#[derive(Debug)]
pub(crate) struct Life {
    standing: Mutex<Standing>,
    /// Starts and stops come one after another.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    /// Whoever speaks to the app right now.
    pub(crate) open: Arc<AtomicUsize>,
    used: Mutex<Instant>,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            standing: Mutex::default(),
            turn: Arc::default(),
            open: Arc::default(),
            used: Mutex::new(Instant::now()),
        }
    }
}

impl Life {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it stands.
    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase.clone()
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.lock().phase = phase;
        self.touch();
    }

    /// A run has begun; gives whether it still lasts.
    pub(crate) fn begin(&self, run: &Arc<Run>) -> bool {
        let mut now = self.lock();
        let lasts = now.over != Some(run.running.run);
        now.phase = if lasts { Phase::Greeting(Arc::clone(run)) } else { Phase::Down };
        lasts
    }

    /// A run is over; gives it, unless nobody knew of it yet or whoever stops it sees to the rest.
    pub(crate) fn end(&self, run: RunId) -> Option<Arc<Run>> {
        let mut now = self.lock();
        now.over = Some(run);
        let is_left = matches!(now.phase, Phase::Leaving(_));
        now.phase.run().filter(|known| known.running.run == run && !is_left).cloned()
    }

    /// Goes on to `phase`, unless this run has ended meanwhile.
    pub(crate) fn advance(&self, run: RunId, phase: Phase) -> bool {
        let mut now = self.lock();
        let same = now.phase.run().is_some_and(|current| current.running.run == run);
        if same {
            now.phase = phase;
        }
        drop(now);
        self.touch();
        same
    }

    /// A start that failed no longer counts.
    pub(crate) fn pardon(&self) {
        let mut now = self.lock();
        if matches!(now.phase, Phase::Failed { .. }) {
            now.phase = Phase::Down;
        }
    }

    /// Its run, when it is up and needed just now.
    pub(crate) fn needed(&self) -> Option<Arc<Run>> {
        let now = self.lock();
        let Phase::Up(run) = &now.phase else { return None };
        self.touch();
        Some(Arc::clone(run))
    }

    /// Its run, while its token counts.
    pub(crate) fn run(&self) -> Option<Arc<Run>> {
        self.lock().phase.run().cloned()
    }

    /// Lets a run leave if nobody has needed it for `unused`, and nobody speaks to it.
    pub(crate) fn leave_if_unused(&self, run: &Arc<Run>, unused: Duration) -> bool {
        // Under the same lock as `needed`: nobody is given a run that is about to leave.
        let mut now = self.lock();
        let is_up = matches!(&now.phase, Phase::Up(known) if known.running.run == run.running.run);
        let leaves = is_up && self.unused_for().is_some_and(|time| time >= unused);
        if leaves {
            now.phase = Phase::Leaving(Arc::clone(run));
        }
        leaves
    }

    /// Notes that somebody needed it just now.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long nobody has needed it; nothing while somebody speaks to it.
    pub(crate) fn unused_for(&self) -> Option<Duration> {
        if self.open.load(Ordering::Acquire) > 0 {
            return None;
        }
        Some(self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed())
    }
}
