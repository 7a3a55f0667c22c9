//! Keeps the workers: starts them when they are needed, gives them calls in turn, ends them when they idle.

use super::process::Process;
use super::source;
use super::turns::Turns;
use crate::message::{Call, Limits};
use crate::options::FunctionOptions;
use footbridge_model::name::AppName;
use footbridge_model::run::{FunctionAnswer, FunctionCall, FunctionFailure};
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::{Instant, sleep_until};

/// So many workers are kept for the next call.
const WARM: usize = 2;

/// Calls that wait here, by app, so that apps can take turns; more wait in the channel.
const WAITING: usize = 1024;

/// A call and whoever waits for its end.
#[derive(Debug)]
pub(crate) struct Job {
    /// What to call.
    pub(crate) call: FunctionCall,
    /// Where its end goes.
    pub(crate) end: oneshot::Sender<Result<FunctionAnswer, FunctionFailure>>,
}

/// A place that is free again, and the worker that may serve another call.
struct Ended {
    app: AppName,
    worker: Option<Process>,
}

/// Runs on a thread of its own until nobody can send a job any more.
pub(crate) fn keep(
    options: FunctionOptions,
    idle: Duration,
    jobs: mpsc::Receiver<Job>,
) -> Result<(), io::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(Rc::new(options), idle, jobs));
    Ok(())
}

async fn serve(options: Rc<FunctionOptions>, idle: Duration, mut jobs: mpsc::Receiver<Job>) {
    let mut turns = Turns::new(options.workers);
    let mut warm = Warm { workers: Vec::new(), idle };
    let (back, mut ended) = mpsc::channel(options.workers.max(1));
    loop {
        while let Some(Job { call, end }) = turns.next() {
            let worker = if end.is_closed() { None } else { warm.take() };
            let (options, back) = (Rc::clone(&options), back.clone());
            spawn_local(async move {
                let app = call.app.clone();
                let worker = run(&options, Job { call, end }, worker).await;
                let _ = back.send(Ended { app, worker }).await;
            });
        }
        tokio::select! {
            job = jobs.recv(), if turns.len() < WAITING => match job {
                Some(job) => turns.push(job.call.app.clone(), job),
                None => return,
            },
            Some(Ended { app, worker }) = ended.recv() => {
                turns.ended(&app);
                warm.put(worker);
            }
            () = warm.expired() => {}
        }
    }
}

/// Runs a job to its end and returns the worker, if it can serve another.
async fn run(options: &FunctionOptions, job: Job, worker: Option<Process>) -> Option<Process> {
    let Job { call, end } = job;
    if end.is_closed() {
        return worker;
    }
    let (mut worker, source) = match prepare(options, &call, worker).await {
        Ok(prepared) => prepared,
        Err((message, worker)) => {
            let _ = end.send(Err(FunctionFailure { message, timed_out: false, log: String::new() }));
            return worker;
        }
    };
    let result = match serde_json::from_slice(&call.event) {
        Ok(event) => {
            let (app, file) = (call.app.as_str().into(), call.file.as_str().into());
            worker.call(&Call { app, file, source: source.into(), event }).await
        }
        Err(error) => {
            let message = format!("the event is not JSON: {error}");
            let _ = end.send(Err(FunctionFailure { message, timed_out: false, log: String::new() }));
            return Some(worker);
        }
    };
    let _ = end.send(result);
    worker.clear().await.then_some(worker)
}

/// Reads the source, and starts a worker where none is warm.
async fn prepare(
    options: &FunctionOptions,
    call: &FunctionCall,
    worker: Option<Process>,
) -> Result<(Process, String), (String, Option<Process>)> {
    let (dir, file) = (call.dir.clone(), call.file.clone());
    let source = match spawn_blocking(move || source::read(&dir, &file)).await {
        Ok(Ok(source)) => source,
        Ok(Err(why)) => return Err((why, worker)),
        Err(error) => return Err((error.to_string(), worker)),
    };
    let started = match worker {
        Some(worker) => Ok(worker),
        None => Process::start(&options.program, limits(options)).await,
    };
    match started {
        Ok(worker) => Ok((worker, source)),
        Err(why) => {
            tracing::error!(app = %call.app, %why, "a function was not called: no worker");
            Err((format!("the function was not called: {why}"), None))
        }
    }
}

fn limits(options: &FunctionOptions) -> Limits {
    Limits {
        timeout: options.timeout,
        memory: options.memory,
        output: options.output,
        publishes: FunctionOptions::PUBLISHES,
        log: options.log,
    }
}

/// Workers without work, the one that ended last at the end.
struct Warm {
    workers: Vec<(Process, Instant)>,
    idle: Duration,
}

impl Warm {
    fn take(&mut self) -> Option<Process> {
        while let Some((mut worker, _)) = self.workers.pop() {
            if worker.lives() {
                return Some(worker);
            }
        }
        None
    }

    fn put(&mut self, worker: Option<Process>) {
        if let Some(worker) = worker.filter(|_| self.workers.len() < WARM) {
            self.workers.push((worker, Instant::now() + self.idle));
        }
    }

    /// Waits until a worker has idled for too long, and ends it; for ever when there is none.
    async fn expired(&mut self) {
        match self.workers.first() {
            Some((_, until)) => sleep_until(*until).await,
            None => std::future::pending().await,
        }
        self.workers.remove(0);
    }
}
