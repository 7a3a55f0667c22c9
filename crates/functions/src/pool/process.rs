//! One worker, seen from the server.

use crate::frame::{encode, receive};
use crate::message::{Call, Limits, Said};
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

/// How long a worker may take to be ready for its first call, on a machine that is very busy.
const START: Duration = Duration::from_secs(10);
/// How long it may take to clear up behind one.
const CLEAR: Duration = Duration::from_secs(1);
/// How long its own deadline has to work before the process is killed. Loops within built-in functions do not
/// notice a deadline.
const GRACE: Duration = Duration::from_millis(100);

/// A process that is ready for a call. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    calls: ChildStdin,
    says: BufReader<ChildStdout>,
    limits: Limits,
}

impl Process {
    /// Starts one and waits until it is ready.
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
            .map_err(|error| format!("{} does not start as a worker: {error}", program.display()))?;
        let (Some(calls), Some(says)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a worker has no pipes".to_owned());
        };
        let mut process = Self { child, calls, says: BufReader::new(says), limits };
        let first = encode(&limits).map_err(|error| error.to_string())?;
        let ready = async {
            process.tell(&first).await?;
            process.hear().await
        };
        match timeout(START, ready).await {
            Ok(Ok(Some(Said::Ready))) => Ok(process),
            Ok(Ok(Some(Said::Unfit(why)))) => Err(why),
            Ok(Err(error)) => Err(format!("a worker did not start: {error}")),
            Ok(Ok(_)) => Err(format!("a worker ended before it was ready ({})", process.end().await)),
            Err(_) => Err(format!("a worker was not ready after {START:?}")),
        }
    }

    /// Whether it lives, as far as is known.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has one function run. Afterwards [`Self::clear`] tells whether it can run another.
    pub(crate) async fn call(&mut self, call: &Call<'_>) -> Result<FunctionAnswer, FunctionFailure> {
        let mut log = String::new();
        let deadline = Instant::now() + self.limits.timeout + GRACE;
        let end = timeout_at(deadline, self.exchange(call, &mut log)).await;
        let failed = |message, timed_out, log| Err(FunctionFailure { message, timed_out, log });
        match end {
            Ok(Ok(Some(Said::Returned(end)))) => {
                let publish = |one: crate::message::Published| FunctionPublish {
                    name: one.name,
                    options: Box::<str>::from(one.options).into_string(),
                };
                let value = end.value.map(|value| Box::<str>::from(value).into_string());
                Ok(FunctionAnswer { value, published: end.published.into_iter().map(publish).collect(), log })
            }
            Ok(Ok(Some(Said::Failed(end)))) => failed(end.message, end.timed_out, log),
            Ok(Ok(None)) => {
                let how = self.end().await;
                failed(format!("the function's process ended before the function did ({how})"), false, log)
            }
            Ok(Ok(Some(_)) | Err(_)) => {
                let _ = self.child.kill().await;
                failed("the function's process said nothing sensible and was killed".to_owned(), false, log)
            }
            Err(_) => {
                let _ = self.child.kill().await;
                let took = self.limits.timeout;
                let message = format!(
                    "the function took longer than {took:?} and its process was killed; it was within a built-in \
                     function that cannot be interrupted"
                );
                failed(message, true, log)
            }
        }
    }

    /// Waits until it has cleared up behind a call and is ready for the next; whether it is.
    pub(crate) async fn clear(&mut self) -> bool {
        matches!(timeout(CLEAR, self.hear()).await, Ok(Ok(Some(Said::Ready))))
    }

    async fn exchange(&mut self, call: &Call<'_>, log: &mut String) -> io::Result<Option<Said>> {
        self.tell(&encode(call)?).await?;
        loop {
            match self.hear().await? {
                // It keeps to the limit by itself, unless it has been taken over.
                Some(Said::Wrote(text)) if log.len() <= 2 * self.limits.log => log.push_str(&text),
                Some(Said::Wrote(_)) => return Err(io::ErrorKind::InvalidData.into()),
                said => return Ok(said),
            }
        }
    }

    async fn tell(&mut self, frame: &[u8]) -> io::Result<()> {
        match self.calls.write_all(frame).await {
            // It died meanwhile: what it said before, and how it ended, tells more than this.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    async fn hear(&mut self) -> io::Result<Option<Said>> {
        match receive(&mut self.says).await? {
            Some(said) => Ok(Some(serde_json::from_slice(&said)?)),
            None => Ok(None),
        }
    }

    /// How it ended, now that its output is closed.
    async fn end(&mut self) -> String {
        if let Ok(ended) = timeout(GRACE, self.child.wait()).await {
            return ended.map_or_else(|error| error.to_string(), how);
        }
        let _ = self.child.kill().await;
        "it closed its output and was killed".to_owned()
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (_, Some(signal)) => format!("killed by signal {signal}"),
        _ => status.to_string(),
    }
}
