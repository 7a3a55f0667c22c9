//! A worker process, seen from the server.

use crate::frame::{encode, receive};
use crate::message::{Call, Limits, WorkerMessage};
use crate::options::FunctionOptions;
use footbridge_model::run::{FunctionAnswer, FunctionFailure, FunctionPublish};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

/// Time limit for a worker to become ready for its first call. Generous, for busy machines.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for a worker to become ready again after a call.
const READY_TIMEOUT: Duration = Duration::from_secs(1);
/// Time after the deadline in which the worker may report it, before the process is killed. Loops in built-in
/// functions cannot be interrupted.
const GRACE: Duration = Duration::from_millis(250);

/// A worker process. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct WorkerProcess {
    child: Child,
    calls: ChildStdin,
    replies: BufReader<ChildStdout>,
    limits: Limits,
}

impl WorkerProcess {
    /// Starts a worker and waits until it is ready. The error is a text for the app's author.
    pub(crate) async fn start(program: &Path, limits: Limits) -> Result<Self, String> {
        let mut child = Command::new(program)
            .arg(FunctionOptions::ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started as a worker: {error}", program.display()))?;
        let (Some(calls), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a worker has no pipes".to_owned());
        };
        let mut process = Self { child, calls, replies: BufReader::new(replies), limits };
        let first = encode(&limits).map_err(|error| error.to_string())?;
        let ready = async {
            process.send(&first).await?;
            process.receive().await
        };
        match timeout(START_TIMEOUT, ready).await {
            Ok(Ok(Some(WorkerMessage::Ready))) => Ok(process),
            Ok(Ok(Some(WorkerMessage::CannotStart(why)))) => Err(why),
            Ok(Err(error)) => Err(format!("a worker did not start: {error}")),
            Ok(Ok(_)) => Err(format!("a worker ended before it was ready ({})", process.exit_reason().await)),
            Err(_) => Err(format!("a worker was not ready after {START_TIMEOUT:?}")),
        }
    }

    /// Returns true unless the process is known to have ended.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Runs one function. Call [`Self::wait_until_ready`] before the next one.
    pub(crate) async fn call(&mut self, call: &Call<'_>) -> Result<FunctionAnswer, FunctionFailure> {
        let mut log = String::new();
        let deadline = Instant::now() + self.limits.timeout + GRACE;
        let end = timeout_at(deadline, self.exchange(call, &mut log)).await;
        let failed = |message, timed_out, log| Err(FunctionFailure { message, timed_out, log });
        match end {
            Ok(Ok(Some(WorkerMessage::Returned(end)))) => {
                let publish = |one: crate::message::PublishedEvent| FunctionPublish {
                    name: one.name,
                    options: Box::<str>::from(one.options).into_string(),
                };
                let value = end.value.map(|value| Box::<str>::from(value).into_string());
                Ok(FunctionAnswer { value, published: end.published.into_iter().map(publish).collect(), log })
            }
            Ok(Ok(Some(WorkerMessage::Failed(end)))) => failed(end.message, end.timed_out, log),
            Ok(Ok(None)) => {
                let how = self.exit_reason().await;
                failed(format!("the function's process ended before the function did ({how})"), false, log)
            }
            Ok(Ok(Some(_)) | Err(_)) => {
                let _ = self.child.kill().await;
                failed("the function's process sent an invalid message and was killed".to_owned(), false, log)
            }
            Err(_) => {
                let _ = self.child.kill().await;
                let took = self.limits.timeout;
                let message = format!(
                    "the function took longer than {took:?} and its process was killed, probably inside a built-in \
                     function that cannot be interrupted"
                );
                failed(message, true, log)
            }
        }
    }

    /// Waits until the worker is ready for the next call. Returns false if it is not ready in time or has ended.
    pub(crate) async fn wait_until_ready(&mut self) -> bool {
        matches!(timeout(READY_TIMEOUT, self.receive()).await, Ok(Ok(Some(WorkerMessage::Ready))))
    }

    async fn exchange(&mut self, call: &Call<'_>, log: &mut String) -> io::Result<Option<WorkerMessage>> {
        self.send(&encode(call)?).await?;
        loop {
            match self.receive().await? {
                // The worker enforces the limit itself, unless a function has taken control of it.
                Some(WorkerMessage::Logged(text)) if log.len() <= 2 * self.limits.log => log.push_str(&text),
                Some(WorkerMessage::Logged(_)) => return Err(io::ErrorKind::InvalidData.into()),
                message => return Ok(message),
            }
        }
    }

    async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        match self.calls.write_all(frame).await {
            // The worker has ended. Its earlier messages and its exit status say more than this error.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    async fn receive(&mut self) -> io::Result<Option<WorkerMessage>> {
        match receive(&mut self.replies).await? {
            Some(message) => Ok(Some(serde_json::from_slice(&message)?)),
            None => Ok(None),
        }
    }

    /// Describes how the process ended. Call it after its output was closed.
    async fn exit_reason(&mut self) -> String {
        if let Ok(ended) = timeout(GRACE, self.child.wait()).await {
            return ended.map_or_else(|error| error.to_string(), describe_exit);
        }
        let _ = self.child.kill().await;
        "it closed its output and was killed".to_owned()
    }
}

fn describe_exit(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (_, Some(signal)) => format!("killed by signal {signal}"),
        _ => status.to_string(),
    }
}
