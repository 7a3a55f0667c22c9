//! Which apps run: one owner of that knowledge, asked through a channel.

use super::backoff::Backoff;
use super::machine::Machine;
use super::run::Run;
use super::words;
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

/// What is asked of the actor.
#[derive(Debug)]
pub(crate) enum Message {
    Start(Box<StartOrder>, oneshot::Sender<Started>),
    Stop(AppName, oneshot::Sender<()>),
    StopAll(oneshot::Sender<()>),
    Forget(AppName),
    /// Forget how an app's starts went.
    Renew(AppName),
}

/// What a run's task tells the actor.
enum News {
    Up(Running),
    /// Nothing of the run is left.
    Over(Over),
}

enum Over {
    /// It never listened.
    NotStarted(String),
    Exited(Exit),
}

/// What is known of an app.
#[derive(Default)]
struct Slot {
    run: Option<Current>,
    backoff: Backoff,
}

struct Current {
    begun: Instant,
    /// `None` while it starts.
    up: Option<Running>,
    stop: watch::Sender<bool>,
    /// Who waits for it to listen.
    starting: Vec<oneshot::Sender<Started>>,
    /// Who waits for it to be gone.
    stopping: Vec<oneshot::Sender<()>>,
    /// What is to be started once it is gone.
    next: Option<(Box<StartOrder>, Vec<oneshot::Sender<Started>>)>,
}

struct Actor {
    machine: Arc<Machine>,
    slots: HashMap<AppName, Slot>,
    runs: u64,
    news: mpsc::Sender<(AppName, News)>,
}

/// Answers until nobody can ask any more; what still runs then ends with the thread's runtime.
pub(crate) async fn watch_over(machine: Arc<Machine>, mut asked: mpsc::Receiver<Message>) {
    let (news, mut told) = mpsc::channel(64);
    let mut actor = Actor { machine, slots: HashMap::new(), runs: 0, news };
    loop {
        let message = tokio::select! {
            biased;
            Some((app, news)) = told.recv() => {
                actor.told(&app, news);
                continue;
            }
            message = asked.recv() => message,
        };
        let Some(message) = message else { break };
        actor.asked(message);
    }
    actor.machine.cgroups.iter().for_each(Cgroups::close);
}

impl Actor {
    fn asked(&mut self, message: Message) {
        match message {
            Message::Start(order, answer) => self.start(order, vec![answer]),
            Message::Stop(app, answer) => self.stop(&app, answer),
            Message::StopAll(answer) => self.stop_all(answer),
            Message::Renew(app) => self.slots.retain(|name, slot| *name != app || slot.run.is_some()),
            Message::Forget(app) => {
                self.slots.retain(|name, slot| *name != app || slot.run.is_some());
                self.machine.store.forget(&app);
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
            Some(run) => match run.up {
                Some(running) => answer_all(answers, &Ok(running)),
                None => run.starting.extend(answers),
            },
            None => {
                if let Some((again_in, why)) = slot.backoff.refuses(now) {
                    let why = why.to_owned();
                    return answer_all(answers, &Err(StartFailure { why, again_in }));
                }
                self.runs += 1;
                let (stop, stopped) = watch::channel(false);
                slot.run = Some(Current {
                    begun: now,
                    up: None,
                    stop,
                    starting: answers,
                    stopping: Vec::new(),
                    next: None,
                });
                let task = Task { app, machine: Arc::clone(&self.machine), news: self.news.clone() };
                tokio::spawn(task.run(*order, RunId(self.runs), stopped));
            }
        }
    }

    fn stop(&mut self, app: &AppName, answer: oneshot::Sender<()>) {
        let Some(run) = self.slots.get_mut(app).and_then(|slot| slot.run.as_mut()) else {
            // Whoever asked may have gone; so throughout.
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

    fn told(&mut self, app: &AppName, news: News) {
        let Some(slot) = self.slots.get_mut(app) else { return };
        let Some(run) = slot.run.as_mut() else { return };
        let over = match news {
            News::Up(running) => {
                run.up = Some(running);
                return answer_all(std::mem::take(&mut run.starting), &Ok(running));
            }
            News::Over(over) => over,
        };
        let Some(run) = slot.run.take() else { return };
        let (now, wanted) = (Instant::now(), *run.stop.borrow());
        let failure = match over {
            Over::NotStarted(_) if wanted => cancelled(),
            Over::NotStarted(why) => {
                let again_in = slot.backoff.failed(run.begun, now, &why);
                Err(StartFailure { why, again_in })
            }
            Over::Exited(exit) => {
                if exit.stopped {
                    slot.backoff.stopped(run.begun, now);
                } else {
                    let why = format!("it crashed again and again ({})", exit.how);
                    slot.backoff.crashed(run.begun, now, &why);
                }
                // Told when a start would begin a new run, and before those that wait for the end are.
                tell(&self.machine.exits, exit);
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

/// Tells of the end of a run. Nobody listens when the server is ending.
fn tell(exits: &mpsc::Sender<Exit>, exit: Exit) {
    if let Err(TrySendError::Full(exit)) = exits.try_send(exit) {
        let exits = exits.clone();
        tokio::spawn(async move { exits.send(exit).await });
    }
}

fn cancelled() -> Started {
    Err(StartFailure { why: words::CANCELLED.to_owned(), again_in: Duration::ZERO })
}

fn answer_all(waiting: Vec<oneshot::Sender<Started>>, answer: &Started) {
    for waiter in waiting {
        let _ = waiter.send(answer.clone());
    }
}

/// What a run's task has.
struct Task {
    app: AppName,
    machine: Arc<Machine>,
    news: mpsc::Sender<(AppName, News)>,
}

impl Task {
    async fn run(self, order: StartOrder, id: RunId, mut stop: watch::Receiver<bool>) {
        let over = self.live(order, id, &mut stop).await;
        self.tell(News::Over(over)).await;
    }

    async fn live(&self, order: StartOrder, id: RunId, stop: &mut watch::Receiver<bool>) -> Over {
        let mut run = match Run::begin(Arc::clone(&self.machine), order, id).await {
            Ok(run) => run,
            Err(why) => return Over::NotStarted(why),
        };
        match run.ready(stop).await {
            Ok(running) => self.tell(News::Up(running)).await,
            Err(why) => return Over::NotStarted(why),
        }
        Over::Exited(run.over(stop).await)
    }

    async fn tell(&self, news: News) {
        // The actor goes only with the whole thread.
        let _ = self.news.send((self.app.clone(), news)).await;
    }
}
