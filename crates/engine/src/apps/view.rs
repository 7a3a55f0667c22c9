//! What callers see of installed apps: their status, their runs and their routers.

use crate::app_phase::{Phase, Run};
use crate::registry::{AppEntry, HookEntry};
use footbridge_model::name::AppName;
use footbridge_model::run::Running;
use footbridge_model::secret::Secret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The result of an installation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The app that was installed.
    pub entry: Arc<AppEntry>,
    /// The hooks of the app.
    pub hooks: Vec<Arc<HookEntry>>,
    /// True if it replaced an installed app of the same name.
    pub replaced: bool,
    /// Things that were left out or should be corrected, in words.
    pub warnings: Vec<String>,
}

/// The status of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppStatus {
    /// The app runs elsewhere: this server neither starts nor stops it.
    Elsewhere,
    /// It is switched off.
    Disabled,
    /// It is installed and has no program and no routers.
    NothingToRun,
    /// It does not run. The next event or request for it starts it.
    Stopped,
    /// Its process is being started, or handles `app-starting`.
    Starting,
    /// It runs and receives events.
    Running,
    /// It is being stopped.
    Stopping,
    /// Its last start failed.
    Failed {
        /// The reason, for the operator.
        why: String,
        /// The time left until it may be started again; zero if the next event or request starts it.
        again_in: Duration,
    },
}

impl AppStatus {
    /// The word for it in answers; `-` for [`Self::NothingToRun`].
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
    /// The current status of the app.
    pub fn status(&self) -> AppStatus {
        if !self.app.enabled {
            return AppStatus::Disabled;
        }
        let Some(package) = self.app.package.as_deref() else { return AppStatus::Elsewhere };
        match self.state.lifecycle.phase() {
            Phase::Down if !package.can_run() => AppStatus::NothingToRun,
            Phase::Down => AppStatus::Stopped,
            Phase::Starting | Phase::Announcing(_) => AppStatus::Starting,
            Phase::Running(_) => AppStatus::Running,
            Phase::Stopping(_) => AppStatus::Stopping,
            Phase::Failed { why, until } => {
                AppStatus::Failed { why, again_in: until.saturating_duration_since(Instant::now()) }
            }
        }
    }
}

/// An installed app that runs. Bolt calls this a context.
#[derive(Debug, Clone)]
pub struct RunningApp {
    /// The app that runs.
    pub entry: Arc<AppEntry>,
    /// The address and process of the run.
    pub running: Running,
}

/// A router that is mounted on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountedRouter {
    /// The app that answers.
    pub app: AppName,
    /// The name of the router.
    pub name: String,
    /// The path at which it is mounted: begins with `/` and does not end with one.
    pub root: String,
    /// Routers with a lower order are asked first.
    pub order: i64,
}

/// A connection to a running app. The app does not count as idle while this exists.
#[derive(Debug)]
pub struct AppConnection {
    /// The address that the app listens on.
    pub address: SocketAddr,
    run: Option<Arc<Run>>,
    open_connections: Arc<AtomicUsize>,
}

impl AppConnection {
    pub(crate) fn new(app: &RunningApp) -> Self {
        let lifecycle = &app.entry.state.lifecycle;
        lifecycle.open_connections.fetch_add(1, Ordering::AcqRel);
        let run = lifecycle.run().filter(|run| run.running.run == app.running.run);
        Self { address: app.running.address, run, open_connections: Arc::clone(&lifecycle.open_connections) }
    }

    /// The secret that proves to the app that a request comes from this server; `None` once its run is over.
    pub fn secret(&self) -> Option<&Secret> {
        self.run.as_deref().map(|run| &run.secret)
    }

    /// Returns true if the run of the app is over. Waits up to one second for that: after a crash, the first sign may
    /// be that nothing listens on the port any more.
    pub async fn has_ended(&self) -> bool {
        match &self.run {
            Some(run) => run.has_ended().await,
            None => true,
        }
    }
}

impl Drop for AppConnection {
    fn drop(&mut self) {
        self.open_connections.fetch_sub(1, Ordering::AcqRel);
    }
}
