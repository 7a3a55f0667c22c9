//! Stopping, and what follows when a run has ended, however it did.

use super::bodies::{ContextObject, Stopped};
use super::error::AppsError;
use super::state::{Apps, life};
use super::view::LiveApp;
use crate::drain::Draining;
use crate::life::{Phase, Run};
use crate::registry::AppEntry;
use footbridge_model::hook::Hook;
use footbridge_model::run::Exit;
use std::sync::Arc;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Somebody asked for it.
    Stop,
    /// It ended by itself.
    Crash,
    /// It had nothing to do.
    Idle,
    /// Its app goes away, or is installed anew.
    Uninstall,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Crash => "crash",
            Self::Idle => "idle",
            Self::Uninstall => "uninstall",
        }
    }
}

impl Apps {
    /// Stops an app; gives what ran once every process of it is gone.
    pub(crate) async fn stop(self: &Arc<Self>, name: &str, reason: Reason) -> Result<LiveApp, AppsError> {
        let (apps, name) = (Arc::clone(self), self.installed(name)?.app.name.clone());
        let stopped = tokio::spawn(async move {
            let turn = match reason {
                Reason::Idle => apps.turn(&name).await,
                _ => apps.turn_to_end(&name).await,
            };
            let (entry, _turn) = turn?;
            apps.stop_in_turn(&entry, reason).await
        });
        stopped.await.unwrap_or(Err(AppsError::Draining(Draining)))
    }

    /// Stops an app, for whoever has its [turn](Self::turn_to_end).
    pub(super) async fn stop_in_turn(
        &self,
        entry: &Arc<AppEntry>,
        reason: Reason,
    ) -> Result<LiveApp, AppsError> {
        let name = &entry.app.name;
        let not_running = || AppsError::NotRunning(name.clone());
        let run = life(entry).run().ok_or_else(not_running)?;
        let leaves = match reason {
            Reason::Idle => self.leaves_if_idle(entry, &run).await,
            _ => life(entry).advance(run.running.run, Phase::Leaving(Arc::clone(&run))),
        };
        if !leaves {
            return Err(not_running());
        }
        if let Some(context) = ContextObject::of(entry, &run.running) {
            self.tell_itself("app-stopping", &context, name).await;
        }
        run.part();
        self.launcher.stop(name.clone()).await;
        self.clear(entry, &run, reason).await;
        Ok(LiveApp { entry: Arc::clone(entry), running: run.running })
    }

    /// A run has ended by itself, or by a stop that sees to the rest.
    pub(crate) async fn ended(&self, exit: Exit) {
        let Ok(entry) = self.installed(exit.app.as_str()) else { return };
        let Some(run) = life(&entry).end(exit.run) else { return };
        let reason = if exit.stopped { Reason::Stop } else { Reason::Crash };
        if reason == Reason::Crash {
            tracing::warn!(app = %exit.app, how = exit.how, "an app ended by itself");
        }
        self.clear(&entry, &run, reason).await;
    }

    /// Nothing of a run is left: neither its token nor its transient hooks.
    async fn clear(&self, entry: &AppEntry, run: &Run, reason: Reason) {
        let name = &entry.app.name;
        if !life(entry).advance(run.running.run, Phase::Down) {
            return;
        }
        run.end();
        self.registry.refresh(name).await;
        // Whatever it was making is made by now, and from here on it makes none; the next run may.
        let at = self.publisher.clock.now();
        let its = |hook: &Hook| hook.created_at <= at;
        if let Err(error) = self.registry.remove_transient(name, its, "hook gone").await {
            tracing::warn!(app = %name, %error, "the transient hooks of an app that ended could not be removed");
        }
        if let Some(context) = ContextObject::of(entry, &run.running) {
            self.tell("app-stopped", &Stopped { context, reason: reason.as_str() }, None).await;
        }
    }

    /// The installed apps that run, by name.
    pub(crate) fn live(&self) -> Vec<LiveApp> {
        let directory = self.registry.directory.load();
        let live = |entry: &Arc<AppEntry>| {
            let run = life(entry).run().filter(|_| entry.app.package.is_some())?;
            Some(LiveApp { entry: Arc::clone(entry), running: run.running })
        };
        directory.apps().filter_map(live).collect()
    }

    /// Stops every app side by side, as an operator would.
    pub(crate) async fn stop_all(self: &Arc<Self>) {
        let mut stops = tokio::task::JoinSet::new();
        for live in self.live() {
            let apps = Arc::clone(self);
            stops.spawn(async move { apps.stop(live.entry.app.name.as_str(), Reason::Stop).await });
        }
        while stops.join_next().await.is_some() {}
        // What was starting or would not end.
        self.launcher.stop_all().await;
    }
}
