//! The actor that knows which apps run. Callers send it messages through a channel.

use super::backoff::Backoff;
use super::context::LaunchContext;
use super::messages;
use super::run::Run;
use crate::cgroup::Cgroups;
use footbridge_model::name::AppName;
use footbridge_model::run::{Exit, RunId, Running, StartFailure, StartOrder};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

type Started = Result<Running, StartFailure>;

/// A request to the actor. Answers go through the oneshot channels.
#[derive(Debug)]
pub(crate) enum Message {
    /// Start an app and answer when it listens.
    Start(Box<StartOrder>, oneshot::Sender<Started>),
    /// Stop an app and answer when all of its processes have ended.
    Stop(AppName, oneshot::Sender<()>),
    /// Stop every app and answer when all of their processes have ended.
    StopAll(oneshot::Sender<()>),
    /// Delete the output and the back-off of an app that does not run.
    Forget(AppName),
    /// Delete the back-off of an app that does not run.
    ResetBackoff(AppName),
}

/// A message of a run's task to the actor.
enum RunUpdate {
    Listening(Running),
    /// Every process of the run has ended.
    Ended(RunOutcome),
}

enum RunOutcome {
    /// The app never listened; the reason why.
    NotStarted(String),
    Exited(Exit),
}

/// The state of one app.
#[derive(Default)]
struct AppSlot {
    run: Option<ActiveRun>,
    backoff: Backoff,
}

struct ActiveRun {
    began: Instant,
    /// `None` while the app starts.
    running: Option<Running>,
    stop: watch::Sender<bool>,
    /// Callers that wait until the app listens.
    starting: Vec<oneshot::Sender<Started>>,
    /// Callers that wait until the run has ended.
    stopping: Vec<oneshot::Sender<()>>,
    /// The start to perform after this run has ended, with its callers.
    next: Option<(Box<StartOrder>, Vec<oneshot::Sender<Started>>)>,
}

struct Actor {
    context: Arc<LaunchContext>,
    slots: HashMap<AppName, AppSlot>,
    runs: u64,
    updates: mpsc::Sender<(AppName, RunUpdate)>,
}

/// Handles messages until every sender is dropped. Apps that still run then are killed when the thread's
/// runtime is dropped.
pub(crate) async fn supervise(context: Arc<LaunchContext>, mut messages: mpsc::Receiver<Message>) {
    let (updates, mut reported) = mpsc::channel(64);
    let mut actor = Actor { context, slots: HashMap::new(), runs: 0, updates };
    loop {
        let message = tokio::select! {
            biased;
            Some((app, update)) = reported.recv() => {
                actor.handle_update(&app, update);
                continue;
            }
            message = messages.recv() => message,
        };
        let Some(message) = message else { break };
        actor.handle_message(message);
    }
    actor.context.cgroups.iter().for_each(Cgroups::close);
}

impl Actor {
    fn handle_message(&mut self, message: Message) {
        match message {
            Message::Start(order, answer) => self.start(order, vec![answer]),
            Message::Stop(app, answer) => self.stop(&app, answer),
            Message::StopAll(answer) => self.stop_all(answer),
            Message::ResetBackoff(app) => self.slots.retain(|name, slot| *name != app || slot.run.is_some()),
            Message::Forget(app) => {
                self.slots.retain(|name, slot| *name != app || slot.run.is_some());
                self.context.store.forget(&app);
            }
        }
    }

    fn start(&mut self, order: Box<StartOrder>, answers: Vec<oneshot::Sender<Started>>) {
        let app = order.app.clone();
        let slot = self.slots.entry(app.clone()).or_default();
        let now = Instant::now();
        match &mut slot.run {
            Some(run) if *run.stop.borrow() => {
                let (_, waiting) = run.next.get_or_insert_with(|| (order, Vec::new()));
                waiting.extend(answers);
            }
            Some(run) => match run.running {
                Some(running) => answer_all(answers, &Ok(running)),
                None => run.starting.extend(answers),
            },
            None => {
                if let Some((again_in, why)) = slot.backoff.blocked_for(now) {
                    let why = why.to_owned();
                    return answer_all(answers, &Err(StartFailure { why, again_in }));
                }
                self.runs += 1;
                let (stop, stopped) = watch::channel(false);
                slot.run = Some(ActiveRun {
                    began: now,
                    running: None,
                    stop,
                    starting: answers,
                    stopping: Vec::new(),
                    next: None,
                });
                let task = RunTask { app, context: Arc::clone(&self.context), updates: self.updates.clone() };
                tokio::spawn(task.run(*order, RunId(self.runs), stopped));
            }
        }
    }

    fn stop(&mut self, app: &AppName, answer: oneshot::Sender<()>) {
        let Some(run) = self.slots.get_mut(app).and_then(|slot| slot.run.as_mut()) else {
            // The caller may have given up waiting; the same applies to all answers here.
            let _ = answer.send(());
            return;
        };
        run.stop.send_replace(true);
        run.stopping.push(answer);
        if let Some((_, waiting)) = run.next.take() {
            answer_all(waiting, &cancelled());
        }
    }

    fn stop_all(&mut self, answer: oneshot::Sender<()>) {
        let running = self.slots.iter().filter(|(_, slot)| slot.run.is_some());
        let apps: Vec<AppName> = running.map(|(app, _)| app.clone()).collect();
        let mut ends = Vec::new();
        for app in apps {
            let (ended, end) = oneshot::channel();
            self.stop(&app, ended);
            ends.push(end);
        }
        tokio::spawn(async move {
            for end in ends {
                let _ = end.await;
            }
            let _ = answer.send(());
        });
    }

    fn handle_update(&mut self, app: &AppName, update: RunUpdate) {
        let Some(slot) = self.slots.get_mut(app) else { return };
        let Some(run) = slot.run.as_mut() else { return };
        let outcome = match update {
            RunUpdate::Listening(running) => {
                run.running = Some(running);
                return answer_all(std::mem::take(&mut run.starting), &Ok(running));
            }
            RunUpdate::Ended(outcome) => outcome,
        };
        let Some(run) = slot.run.take() else { return };
        let (now, stopped) = (Instant::now(), *run.stop.borrow());
        let failure = match outcome {
            RunOutcome::NotStarted(_) if stopped => cancelled(),
            RunOutcome::NotStarted(why) => {
                let again_in = slot.backoff.failed(run.began, now, &why);
                Err(StartFailure { why, again_in })
            }
            RunOutcome::Exited(exit) => {
                if exit.stopped {
                    slot.backoff.stopped(run.began, now);
                } else {
                    let why = format!("it crashed repeatedly ({})", exit.how);
                    slot.backoff.crashed(run.began, now, &why);
                }
                // Sent after the slot is free for a new run, and before callers that wait for the end are answered.
                send_exit(&self.context.exits, exit);
                cancelled()
            }
        };
        answer_all(run.starting, &failure);
        for answer in run.stopping {
            let _ = answer.send(());
        }
        match run.next {
            Some((order, answers)) => self.start(order, answers),
            None if slot.backoff.is_clean() => drop(self.slots.remove(app)),
            None => {}
        }
    }
}

/// Reports the end of a run. No one receives it while the server shuts down.
fn send_exit(exits: &mpsc::Sender<Exit>, exit: Exit) {
    if let Err(TrySendError::Full(exit)) = exits.try_send(exit) {
        let exits = exits.clone();
        tokio::spawn(async move { exits.send(exit).await });
    }
}

fn cancelled() -> Started {
    Err(StartFailure { why: messages::CANCELLED.to_owned(), again_in: Duration::ZERO })
}

fn answer_all(waiting: Vec<oneshot::Sender<Started>>, answer: &Started) {
    for waiter in waiting {
        let _ = waiter.send(answer.clone());
    }
}

/// The task of one run.
struct RunTask {
    app: AppName,
    context: Arc<LaunchContext>,
    updates: mpsc::Sender<(AppName, RunUpdate)>,
}

impl RunTask {
    async fn run(self, order: StartOrder, id: RunId, mut stop: watch::Receiver<bool>) {
        let outcome = self.run_to_end(order, id, &mut stop).await;
        self.report(RunUpdate::Ended(outcome)).await;
    }

    async fn run_to_end(&self, order: StartOrder, id: RunId, stop: &mut watch::Receiver<bool>) -> RunOutcome {
        let mut run = match Run::start(Arc::clone(&self.context), order, id).await {
            Ok(run) => run,
            Err(why) => return RunOutcome::NotStarted(why),
        };
        match run.wait_until_listening(stop).await {
            Ok(running) => self.report(RunUpdate::Listening(running)).await,
            Err(why) => return RunOutcome::NotStarted(why),
        }
        RunOutcome::Exited(run.wait_for_exit(stop).await)
    }

    async fn report(&self, update: RunUpdate) {
        // The actor ends only together with this thread.
        let _ = self.updates.send((self.app.clone(), update)).await;
    }
}
