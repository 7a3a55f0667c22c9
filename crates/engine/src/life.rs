//! Where an installed app stands: down, starting, running, leaving.

use footbridge_model::run::{RunId, Running};
use footbridge_model::secret::Secret;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// One run of an app, from when it listens.
#[derive(Debug)]
pub(crate) struct Run {
    /// What it proves itself with, and what proves the server to it; nowhere else but in this memory.
    pub(crate) token: Secret,
    /// Where it listens and as which process.
    pub(crate) running: Running,
}

impl Run {
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

/// The life of one app; survives every change of the app.
#[derive(Debug)]
pub(crate) struct Life {
    phase: Mutex<Phase>,
    /// Starts and stops come one after another.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Whoever speaks to the app right now.
    pub(crate) open: Arc<AtomicUsize>,
    used: Mutex<Instant>,
    /// Whether the app is about to be uninstalled: it is not started any more.
    closed: AtomicBool,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            phase: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            open: Arc::default(),
            used: Mutex::new(Instant::now()),
            closed: AtomicBool::new(false),
        }
    }
}

impl Life {
    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it stands.
    pub(crate) fn phase(&self) -> Phase {
        self.lock().clone()
    }

    pub(crate) fn set(&self, phase: Phase) {
        *self.lock() = phase;
        self.touch();
    }

    /// Goes on to `phase`, unless this run has ended meanwhile.
    pub(crate) fn advance(&self, run: RunId, phase: Phase) -> bool {
        let mut now = self.lock();
        let same = now.run().is_some_and(|current| current.running.run == run);
        if same {
            *now = phase;
        }
        drop(now);
        self.touch();
        same
    }

    /// A start that failed no longer counts.
    pub(crate) fn pardon(&self) {
        let mut now = self.lock();
        if matches!(*now, Phase::Failed { .. }) {
            *now = Phase::Down;
        }
    }

    /// Its run, while its token counts.
    pub(crate) fn run(&self) -> Option<Arc<Run>> {
        self.lock().run().cloned()
    }

    /// Lets no start begin any more, or again. To be said while holding [`Self::turn`].
    pub(crate) fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
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
