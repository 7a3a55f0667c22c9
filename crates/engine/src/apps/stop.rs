//! Stopping apps, and the clean-up after every run.

use super::error::AppsError;
use super::installed::{Apps, lifecycle};
use super::view::RunningApp;
use crate::app_phase::{Phase, Run};
use crate::detached::detached;
use crate::registry::AppEntry;
use crate::system_event::{StopReason, SystemEvent};
use footbridge_model::hook::Hook;
use footbridge_model::run::Exit;
use std::sync::Arc;

impl Apps {
    /// Stops an app. Returns the run that has ended, once every process of it is gone.
    pub(crate) async fn stop(
        self: &Arc<Self>,
        name: &str,
        reason: StopReason,
    ) -> Result<RunningApp, AppsError> {
        let (apps, name) = (Arc::clone(self), self.installed(name)?.app.name.clone());
        detached(async move {
            let locked = match reason {
                StopReason::Idle => apps.lock_app(&name).await,
                _ => apps.lock_to_stop(&name).await,
            };
            let (entry, _guard) = locked?;
            apps.stop_locked(&entry, reason).await
        })
        .await
    }

    /// Stops an app for a caller that holds its [lock](Self::lock_to_stop).
    pub(super) async fn stop_locked(
        &self,
        entry: &Arc<AppEntry>,
        reason: StopReason,
    ) -> Result<RunningApp, AppsError> {
        let name = &entry.app.name;
        let not_running = || AppsError::NotRunning(name.clone());
        let run = lifecycle(entry).run().ok_or_else(not_running)?;
        let stops = match reason {
            StopReason::Idle => self.stop_if_idle(entry, &run).await,
            _ => lifecycle(entry).advance(run.running.run, Phase::Stopping(Arc::clone(&run))),
        };
        if !stops {
            return Err(not_running());
        }
        self.notify_app(SystemEvent::AppStopping { app: entry, running: &run.running }, name).await;
        run.request_stop();
        self.launcher.stop(name.clone()).await;
        self.clean_up(entry, &run, reason).await;
        Ok(RunningApp { entry: Arc::clone(entry), running: run.running })
    }

    /// Handles the end of a run, unless a stop under way does it.
    pub(crate) async fn handle_exit(&self, exit: Exit) {
        let Ok(entry) = self.installed(exit.app.as_str()) else { return };
        let Some(run) = lifecycle(&entry).run_ended(exit.run) else { return };
        let reason = if exit.stopped { StopReason::Stop } else { StopReason::Crash };
        if reason == StopReason::Crash {
            tracing::warn!(app = %exit.app, how = exit.how, "an app ended by itself");
        }
        self.clean_up(&entry, &run, reason).await;
    }

    /// Removes everything that belongs to a run: its token and its transient hooks.
    async fn clean_up(&self, entry: &AppEntry, run: &Run, reason: StopReason) {
        let name = &entry.app.name;
        if !lifecycle(entry).advance(run.running.run, Phase::Down) {
            return;
        }
        run.mark_over();
        self.registry.refresh(name).await;
        debug_assert!(
            self.registry.by_token(run.token.expose().as_bytes(), self.publisher.clock.now()).is_none(),
            "the token of a run is valid only while the run lasts"
        );
        if self.check_runs_here(entry).is_err() {
            // The store has ended the transient hooks together with the session, and those of the next run, on another
            // server, must stay.
            return;
        }
        // The app can make no more hooks in this run. Hooks that the next run makes are younger than this instant.
        let now = self.publisher.clock.now();
        let of_this_run = |hook: &Hook| hook.created_at <= now;
        if let Err(error) = self.registry.remove_transient(name, of_this_run, "hook gone").await {
            tracing::warn!(app = %name, %error, "the transient hooks of an app that ended could not be removed");
        }
        self.publish_event(SystemEvent::AppStopped { app: entry, running: &run.running, reason }).await;
    }

    /// The installed apps that run, sorted by name.
    pub(crate) fn running(&self) -> Vec<RunningApp> {
        let directory = self.registry.directory.load();
        let running = |entry: &Arc<AppEntry>| {
            let run = lifecycle(entry).run().filter(|_| entry.app.package.is_some())?;
            Some(RunningApp { entry: Arc::clone(entry), running: run.running })
        };
        directory.apps().filter_map(running).collect()
    }

    /// Stops every app at the same time.
    pub(crate) async fn stop_all(self: &Arc<Self>) {
        let mut stops = tokio::task::JoinSet::new();
        for running in self.running() {
            let apps = Arc::clone(self);
            stops.spawn(async move { apps.stop(running.entry.app.name.as_str(), StopReason::Stop).await });
        }
        while stops.join_next().await.is_some() {}
        // Apps that were starting, and processes that did not end.
        self.launcher.stop_all().await;
    }
}
