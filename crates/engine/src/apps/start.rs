//! Starting apps: one start per app, however many callers wait for it.

use super::error::AppsError;
use super::installed::{Apps, lifecycle};
use super::view::RunningApp;
use crate::app_phase::{Phase, Run};
use crate::detached::detached;
use crate::registry::AppEntry;
use crate::system_event::SystemEvent;
use footbridge_model::name::AppName;
use footbridge_model::package::Package;
use footbridge_model::run::{StartFailure, StartOrder};
use footbridge_model::secret::Secret;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The prefix of run tokens. Secret scanners recognise a leaked token by it.
const TOKEN_PREFIX: &str = "fbr_";
/// The prefix of run secrets.
const SECRET_PREFIX: &str = "fbs_";
/// The shortest wait between a failed start and the next one.
const MIN_RETRY: Duration = Duration::from_secs(1);
/// The wait before an app that has no program is started again.
const NOTHING_TO_RUN_RETRY: Duration = Duration::from_mins(5);

impl Apps {
    /// Starts an app unless it runs, and returns its run. The start goes on if the caller hangs up.
    pub(crate) async fn start(self: &Arc<Self>, name: &str) -> Result<RunningApp, AppsError> {
        let entry = self.installed(name)?;
        self.check_runs_here(&entry)?;
        if let Some(run) = lifecycle(&entry).use_running().filter(|_| entry.app.enabled) {
            return Ok(RunningApp { running: run.running, entry });
        }
        let (apps, name) = (Arc::clone(self), entry.app.name.clone());
        detached(async move { apps.start_locked(&name).await }).await
    }

    /// Checks that the app has a program or routers.
    pub(crate) fn check_runnable(&self, name: &str) -> Result<(), AppsError> {
        let entry = self.installed(name)?;
        let runs = entry.app.package.as_deref().is_some_and(Package::can_run);
        if runs { Ok(()) } else { Err(AppsError::NothingToRun(entry.app.name.clone())) }
    }

    /// Starts an app under its lock, unless it runs by then or its last start failed a moment ago.
    async fn start_locked(&self, name: &AppName) -> Result<RunningApp, AppsError> {
        let (entry, _guard) = self.lock_app(name).await?;
        if !entry.app.enabled {
            return Err(AppsError::SwitchedOff(name.clone()));
        }
        match lifecycle(&entry).phase() {
            Phase::Running(run) => return Ok(RunningApp { running: run.running, entry }),
            Phase::Failed { why, until } if Instant::now() < until => {
                let failure = StartFailure { why, again_in: until.saturating_duration_since(Instant::now()) };
                return Err(AppsError::Start { app: name.clone(), failure });
            }
            _ => {}
        }
        let _in_flight = self.publisher.drain.enter()?;
        // Another server may have taken the app while this task waited for the lock.
        self.check_runs_here(&entry)?;
        match self.launch(&entry).await {
            Ok(run) => self.announce(&entry, run).await,
            Err(failure) => {
                let until = Instant::now() + failure.again_in.max(MIN_RETRY);
                lifecycle(&entry).set(Phase::Failed { why: failure.why.clone(), until });
                self.registry.wake_lanes(name);
                tracing::warn!(app = %name, why = failure.why, "an app did not start");
                Err(AppsError::Start { app: name.clone(), failure })
            }
        }
    }

    /// Starts the process and waits until it listens.
    async fn launch(&self, entry: &AppEntry) -> Result<Arc<Run>, StartFailure> {
        let package = entry.app.package.as_deref().filter(|package| package.can_run());
        let Some(package) = package else {
            let why = AppsError::NothingToRun(entry.app.name.clone()).to_string();
            return Err(StartFailure { why, again_in: NOTHING_TO_RUN_RETRY });
        };
        lifecycle(entry).set(Phase::Starting);
        let token = Secret::make(TOKEN_PREFIX, &*self.entropy);
        let secret = Secret::make(SECRET_PREFIX, &*self.entropy);
        let order = StartOrder {
            app: entry.app.name.clone(),
            package: package.clone(),
            token: token.clone(),
            secret: secret.clone(),
        };
        let running = self.launcher.start(order).await?;
        Ok(Arc::new(Run::new(token, secret, running)))
    }

    /// Makes the token valid, sends `app-starting`, waits for the app's answer, and then lets events through.
    async fn announce(&self, entry: &AppEntry, run: Arc<Run>) -> Result<RunningApp, AppsError> {
        let name = &entry.app.name;
        let ended = || {
            let why = "it ended right after its start; see its output".to_owned();
            Err(AppsError::Start { app: name.clone(), failure: StartFailure { why, again_in: MIN_RETRY } })
        };
        if !lifecycle(entry).run_started(&run) {
            return ended();
        }
        self.registry.refresh(name).await;
        let port = run.running.address.port();
        let starting = SystemEvent::AppStarting { app: name, port, public_url: &self.public_url };
        self.notify_app(starting, name).await;
        if !lifecycle(entry).advance(run.running.run, Phase::Running(Arc::clone(&run))) {
            return ended();
        }
        self.registry.refresh(name).await;
        let entry = self.installed(name.as_str())?;
        self.publish_event(SystemEvent::AppStarted { app: &entry, running: &run.running }).await;
        if let Some(package) = entry.app.package.as_deref() {
            for (name, router) in &package.routers {
                self.publish_event(SystemEvent::RouterLoaded { app: &entry, name, router }).await;
            }
        }
        Ok(RunningApp { running: run.running, entry })
    }
}
