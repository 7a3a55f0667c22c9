//! What is told of installed apps.

use crate::life::{Phase, Run};
use crate::registry::{AppEntry, HookEntry};
use footbridge_model::name::AppName;
use footbridge_model::run::Running;
use footbridge_model::secret::Secret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// What an installation made.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The app.
    pub entry: Arc<AppEntry>,
    /// Its hooks.
    pub hooks: Vec<Arc<HookEntry>>,
    /// Whether it was installed before.
    pub replaced: bool,
    /// What was left out or should be mended, in words.
    pub warnings: Vec<String>,
}

/// Where an app stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// This server neither starts nor stops it.
    Elsewhere,
    /// It is switched off.
    Disabled,
    /// It is installed, and there is nothing of it to run.
    NothingToRun,
    /// It does not run; what needs it starts it.
    Stopped,
    /// It is being started, or has just been and is being told so.
    Starting,
    /// It runs.
    Running,
    /// It is being told to stop, or ends.
    Stopping,
    /// Its last start failed.
    Failed {
        /// What went wrong.
        why: String,
        /// How long it is left alone from now on; zero once what needs it starts it again.
        again_in: Duration,
    },
}

impl Condition {
    /// What it is called.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::Disabled => "disabled",
            Self::NothingToRun => "-",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Failed { .. } => "failed",
        }
    }
}

impl AppEntry {
    /// Where it stands just now.
    pub fn condition(&self) -> Condition {
        if !self.app.enabled {
            return Condition::Disabled;
        }
        let Some(package) = self.app.package.as_deref() else { return Condition::Elsewhere };
        match self.state.life.phase() {
            Phase::Down if !package.can_run() => Condition::NothingToRun,
            Phase::Down => Condition::Stopped,
            Phase::Launching | Phase::Greeting(_) => Condition::Starting,
            Phase::Up(_) => Condition::Running,
            Phase::Leaving(_) => Condition::Stopping,
            Phase::Failed { why, until } => {
                Condition::Failed { why, again_in: until.saturating_duration_since(Instant::now()) }
            }
        }
    }
}

/// An installed app that runs: what Bolt calls a context.
#[derive(Debug, Clone)]
pub struct LiveApp {
    /// The app.
    pub entry: Arc<AppEntry>,
    /// Where it listens and as which process.
    pub running: Running,
}

/// A router that is mounted on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountedRouter {
    /// Whose it is.
    pub app: AppName,
    /// Its name.
    pub name: String,
    /// Where it is mounted: begins with `/`, does not end with one.
    pub root: String,
    /// Which is asked first.
    pub order: i64,
}

/// A running app to speak to; it is not idle while this is held.
#[derive(Debug)]
pub struct Reach {
    /// Where it listens.
    pub address: SocketAddr,
    run: Option<Arc<Run>>,
    open: Arc<AtomicUsize>,
}

impl Reach {
    pub(crate) fn new(live: &LiveApp) -> Self {
        let life = &live.entry.state.life;
        life.open.fetch_add(1, Ordering::AcqRel);
        let run = life.run().filter(|run| run.running.run == live.running.run);
        Self { address: live.running.address, run, open: Arc::clone(&life.open) }
    }

    /// What proves to the app that a request comes from this server; `None` once its run is over.
    pub fn secret(&self) -> Option<&Secret> {
        self.run.as_deref().map(|run| &run.secret)
    }

    /// Whether the app has ended since, or is found to have in a moment.
    pub async fn ends(&self) -> bool {
        match &self.run {
            Some(run) => run.ends().await,
            None => true,
        }
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}
