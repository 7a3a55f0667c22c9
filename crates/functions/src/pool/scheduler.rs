//! Owns the workers: starts them when needed, assigns calls to them, and ends idle ones.

use super::fair_queue::FairQueue;
use super::source;
use super::worker_process::WorkerProcess;
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

/// The most idle workers that are kept for later calls.
const IDLE_MAX: usize = 2;

/// The most calls in the fair queue. Further calls wait in the channel.
const QUEUE_MAX: usize = 1024;

/// A call and its caller.
#[derive(Debug)]
pub(crate) struct Job {
    /// The call.
    pub(crate) call: FunctionCall,
    /// Receives the result.
    pub(crate) end: oneshot::Sender<Result<FunctionAnswer, FunctionFailure>>,
}

/// The end of a job: its slot is free, and its worker may serve another call.
struct JobEnd {
    app: AppName,
    worker: Option<WorkerProcess>,
}

/// Runs the pool on the current thread until every sender of jobs is dropped.
pub(crate) fn run_pool(
    options: FunctionOptions,
    idle: Duration,
    jobs: mpsc::Receiver<Job>,
) -> Result<(), io::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(Rc::new(options), idle, jobs));
    Ok(())
}

async fn serve(options: Rc<FunctionOptions>, idle: Duration, mut jobs: mpsc::Receiver<Job>) {
    let mut queue = FairQueue::new(options.workers);
    let mut idle_workers = IdleWorkers { workers: Vec::new(), idle };
    let (back, mut ended) = mpsc::channel(options.workers.max(1));
    loop {
        while let Some(Job { call, end }) = queue.next() {
            let worker = if end.is_closed() { None } else { idle_workers.take() };
            let (options, back) = (Rc::clone(&options), back.clone());
            spawn_local(async move {
                let app = call.app.clone();
                let worker = run(&options, Job { call, end }, worker).await;
                let _ = back.send(JobEnd { app, worker }).await;
            });
        }
        tokio::select! {
            job = jobs.recv(), if queue.len() < QUEUE_MAX => match job {
                Some(job) => queue.push(job.call.app.clone(), job),
                None => return,
            },
            Some(JobEnd { app, worker }) = ended.recv() => {
                queue.ended(&app);
                idle_workers.put(worker);
            }
            () = idle_workers.expired() => {}
        }
    }
}

/// Runs a job to its end. Returns the worker if it can serve another call.
async fn run(options: &FunctionOptions, job: Job, worker: Option<WorkerProcess>) -> Option<WorkerProcess> {
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
    worker.wait_until_ready().await.then_some(worker)
}

/// Reads the source, and starts a worker if none is given.
async fn prepare(
    options: &FunctionOptions,
    call: &FunctionCall,
    worker: Option<WorkerProcess>,
) -> Result<(WorkerProcess, String), (String, Option<WorkerProcess>)> {
    let (dir, file) = (call.dir.clone(), call.file.clone());
    let source = match spawn_blocking(move || source::read(&dir, &file)).await {
        Ok(Ok(source)) => source,
        Ok(Err(why)) => return Err((why, worker)),
        Err(error) => return Err((error.to_string(), worker)),
    };
    let started = match worker {
        Some(worker) => Ok(worker),
        None => WorkerProcess::start(&options.program, limits(options)).await,
    };
    match started {
        Ok(worker) => Ok((worker, source)),
        Err(why) => {
            tracing::error!(app = %call.app, %why, "cannot call a function: no worker could be started");
            Err((format!("the function could not be called: {why}"), None))
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

/// Idle workers, the most recently used one last.
struct IdleWorkers {
    workers: Vec<(WorkerProcess, Instant)>,
    idle: Duration,
}

impl IdleWorkers {
    fn take(&mut self) -> Option<WorkerProcess> {
        while let Some((mut worker, _)) = self.workers.pop() {
            if worker.is_running() {
                return Some(worker);
            }
        }
        None
    }

    fn put(&mut self, worker: Option<WorkerProcess>) {
        if let Some(worker) = worker.filter(|_| self.workers.len() < IDLE_MAX) {
            self.workers.push((worker, Instant::now() + self.idle));
        }
    }

    /// Waits until a worker has been idle for too long, and ends it. Never resolves if there is no idle worker.
    async fn expired(&mut self) {
        match self.workers.first() {
            Some((_, until)) => sleep_until(*until).await,
            None => std::future::pending().await,
        }
        self.workers.remove(0);
    }
}
