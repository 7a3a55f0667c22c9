//! The handle through which the server calls functions.

use crate::options::FunctionOptions;
use crate::pool::{Job, run_pool};
use footbridge_model::run::{FunctionAnswer, FunctionCall, FunctionFailure};
use std::future::Future;
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Time after which an idle worker is ended.
const IDLE: Duration = Duration::from_mins(1);

/// Capacity of the channel to the pool. Callers wait when it is full.
const QUEUE: usize = 256;

/// Calls functions. Clones are cheap and share the workers, which end with the last clone.
///
/// A separate thread owns the workers, so calls may come from any thread and any runtime.
#[derive(Debug, Clone)]
pub struct Functions {
    jobs: mpsc::Sender<Job>,
}

impl Functions {
    /// Starts the pool's thread. The first call starts the first worker.
    pub fn new(options: FunctionOptions) -> Self {
        Self::with_idle_timeout(options, IDLE)
    }

    /// Creates a pool as [`Self::new`] does, with a different idle time after which a worker is ended.
    pub fn with_idle_timeout(options: FunctionOptions, idle: Duration) -> Self {
        let (jobs, queued) = mpsc::channel(QUEUE);
        let started = thread::Builder::new().name("functions".to_owned()).spawn(move || {
            if let Err(error) = run_pool(options, idle, queued) {
                tracing::error!(%error, "cannot call functions: the runtime of their thread cannot be created");
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "cannot call functions: their thread cannot be started");
        }
        Self { jobs }
    }

    /// Calls a function. Waits for a free worker, then for the end of the call.
    ///
    /// If the future is dropped before the function starts, the function is not called. If it is dropped later,
    /// the function still runs to its end.
    pub fn call(
        &self,
        call: FunctionCall,
    ) -> impl Future<Output = Result<FunctionAnswer, FunctionFailure>> + Send + 'static + use<> {
        let jobs = self.jobs.clone();
        async move {
            let (end, ended) = oneshot::channel();
            if jobs.send(Job { call, end }).await.is_err() {
                return Err(closed());
            }
            let result = ended.await;
            // Kept until here, because the workers end with the last sender.
            drop(jobs);
            result.unwrap_or_else(|_| Err(closed()))
        }
    }
}

fn closed() -> FunctionFailure {
    FunctionFailure {
        message: "the function could not be called: the server's thread for functions has ended; see the server's log".to_owned(),
        timed_out: false,
        log: String::new(),
    }
}
