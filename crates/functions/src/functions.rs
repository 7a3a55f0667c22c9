//! The handle that callers hold.

use crate::options::FunctionOptions;
use crate::pool::{Job, keep};
use footbridge_model::run::{FunctionAnswer, FunctionCall, FunctionFailure};
use std::future::Future;
use std::thread;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A worker that had nothing to do for this long is ended.
const IDLE: Duration = Duration::from_mins(1);

/// Calls that nobody has looked at yet; whoever comes next waits until there is room.
const QUEUE: usize = 256;

/// Calls functions. Cheap to clone; the workers end with the last clone.
///
/// The workers belong to a thread of their own, so calls may come from any thread and any runtime.
#[derive(Debug, Clone)]
pub struct Functions {
    jobs: mpsc::Sender<Job>,
}

impl Functions {
    /// Starts no worker yet: that is left to the first call.
    pub fn new(options: FunctionOptions) -> Self {
        Self::keeping(options, IDLE)
    }

    /// As [`Self::new`], with another time after which an idle worker is ended.
    pub fn keeping(options: FunctionOptions, idle: Duration) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let started = thread::Builder::new().name("functions".to_owned()).spawn(move || {
            if let Err(error) = keep(options, idle, waiting) {
                tracing::error!(%error, "functions cannot be called: their thread has no runtime");
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "functions cannot be called: their thread does not start");
        }
        Self { jobs }
    }

    /// Calls a function: waits for its turn and a worker, then for its end.
    ///
    /// When the future is dropped before the function began, it is not called; later it runs to its end.
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
            // Held until here: the workers end with the last sender.
            drop(jobs);
            result.unwrap_or_else(|_| Err(closed()))
        }
    }
}

fn closed() -> FunctionFailure {
    FunctionFailure {
        message: "functions cannot be called: their thread has ended; see the server's log".to_owned(),
        timed_out: false,
        log: String::new(),
    }
}
