//! The tasks that the scheduler starts. Each reports its result to the scheduler.

use super::attempt::AttemptRunner;
use super::destination::Priority;
use super::lane::QueuedDelivery;
use super::task_report::{InFlightAttempt, RefillRequest, TaskReport};
use crate::apps::Apps;
use crate::drain::Drain;
use crate::registry::{AppEntry, AppRegistry};
use footbridge_journal::{Claim, Journal};
use footbridge_model::hook::AnswerRule;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Starts tasks on the dispatcher's thread.
pub(super) struct Tasks {
    pub(super) runner: Rc<AttemptRunner>,
    pub(super) registry: Arc<AppRegistry>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) apps: Arc<Apps>,
    pub(super) drain: Arc<Drain>,
    /// How long a lane waits for an optional answer after the request was written.
    pub(super) answer_wait: Duration,
    pub(super) reports: mpsc::Sender<TaskReport>,
}

impl Tasks {
    /// Makes an attempt of a lane.
    pub(super) fn attempt(&self, queued: QueuedDelivery, mut attempt: InFlightAttempt, app: Arc<AppEntry>) {
        let (runner, reports, answer_wait) =
            (Rc::clone(&self.runner), self.reports.clone(), self.answer_wait);
        tokio::task::spawn_local(async move {
            let hook = &attempt.hook;
            let (result, event) = match hook.hook.options.answer {
                AnswerRule::Optional => {
                    let (written, is_written) = oneshot::channel();
                    let running = runner.attempt(queued, hook, &app, Some(written), Priority::Lane);
                    let wait_over = async {
                        if is_written.await.is_err() {
                            // The request will not be written; only the end of the attempt lets the lane go on.
                            std::future::pending::<()>().await;
                        }
                        tokio::time::sleep(answer_wait).await;
                        let _ = reports.send(TaskReport::AnswerWaitOver(attempt.clone())).await;
                    };
                    with_side_task(running, wait_over).await
                }
                AnswerRule::Required => runner.attempt(queued, hook, &app, None, Priority::Lane).await,
            };
            attempt.event = event;
            let _ = reports.send(TaskReport::AttemptEnded(attempt, result)).await;
        });
    }

    /// Makes an attempt that bypasses its lane; drops `done` after its result was reported.
    pub(super) fn bypass_attempt(
        &self,
        queued: QueuedDelivery,
        mut attempt: InFlightAttempt,
        app: Arc<AppEntry>,
        done: mpsc::Sender<()>,
    ) {
        let (runner, reports) = (Rc::clone(&self.runner), self.reports.clone());
        tokio::task::spawn_local(async move {
            let (result, event) = runner.attempt(queued, &attempt.hook, &app, None, Priority::Bypass).await;
            attempt.event = event;
            let _ = reports.send(TaskReport::BypassEnded(attempt, result)).await;
            drop(done);
        });
    }

    /// Reads due deliveries of a hook from the journal.
    pub(super) fn refill(&self, claim: Claim, refill: RefillRequest) {
        let found = self.journal.due(claim, refill.hook, refill.ordered, refill.requested);
        let reports = self.reports.clone();
        tokio::task::spawn_local(async move {
            let found = found.await;
            let _ = reports.send(TaskReport::Refilled(refill, found)).await;
        });
    }

    /// Starts an installed app. Reports failure like success, because the lanes must run again in both cases.
    pub(super) fn start_app(&self, app: AppName) {
        let (apps, drain, reports) = (Arc::clone(&self.apps), Arc::clone(&self.drain), self.reports.clone());
        tokio::task::spawn_local(async move {
            if let Err(error) = apps.start(app.as_str()).await {
                tracing::debug!(%app, %error, "an app that an event needs did not start");
                if drain.is_draining() {
                    // No app starts any more: the deliveries wait for the next start of the server.
                    return;
                }
            }
            let _ = reports.send(TaskReport::AppStarted(app)).await;
        });
    }

    /// Switches off a hook whose receiver answered 410.
    pub(super) fn switch_off(&self, hook: HookId) {
        let (registry, reports) = (Arc::clone(&self.registry), self.reports.clone());
        tokio::task::spawn_local(async move {
            let switched_off = registry.end_hook(hook).await;
            if let Err(error) = &switched_off {
                tracing::warn!(%hook, %error, "a hook whose receiver answered 410 could not be switched off");
            }
            let done = switched_off.is_ok();
            let _ = reports.send(TaskReport::HookSwitchedOff { hook, done }).await;
        });
    }
}

/// Polls `side` until it ends or `main` ends; returns the result of `main`.
async fn with_side_task<T>(main: impl Future<Output = T>, side: impl Future<Output = ()>) -> T {
    let mut main = std::pin::pin!(main);
    tokio::select! {
        biased;
        result = &mut main => result,
        () = side => main.await,
    }
}
