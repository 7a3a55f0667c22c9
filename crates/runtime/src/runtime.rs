//! The handle that starts and stops apps.

use crate::cgroup::Cgroups;
use crate::environment::Environment;
use crate::fingerprint::fingerprint;
use crate::host;
use crate::options::{RuntimeError, RuntimeOptions};
use crate::output::OutputStore;
use crate::record::RunRecords;
use crate::spec::{HELPER_ARGUMENT, Isolation};
use crate::supervisor::{LaunchContext, Message, Ports, supervise};
use crate::sweep;
use crate::user::Account;
use footbridge_model::name::AppName;
use footbridge_model::run::{Exit, OutputLine, Running, StartFailure, StartOrder};
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Capacity of the supervisor's channel. Senders wait when it is full.
const ASKED: usize = 256;
/// Capacity of the channel that reports exits.
const EXITS: usize = 1024;

/// Runs apps. Clones share the same runtime; dropping the last clone kills every app.
#[derive(Debug, Clone)]
pub struct Runtime {
    ask: mpsc::Sender<Message>,
    store: OutputStore,
    warnings: Arc<Mutex<BTreeSet<String>>>,
}

/// A runtime and the channel on which it reports the end of runs.
#[derive(Debug)]
pub struct Opened {
    /// The handle that starts and stops apps.
    pub runtime: Runtime,
    /// One message for the end of every run that had started to listen, whether it was stopped or ended by itself.
    pub exits: mpsc::Receiver<Exit>,
}

/// Checks that apps can run as this user. Creates nothing, so call it before creating files.
///
/// # Errors
/// If the user does not exist, or this server cannot switch to it.
pub fn check_user(user: Option<&str>) -> Result<(), RuntimeError> {
    Account::find(user).map(drop)
}

impl Runtime {
    /// Ends processes that a killed server left behind, probes which isolation this machine supports, and
    /// starts the thread that supervises apps.
    ///
    /// # Errors
    /// If the state directory cannot be written, the user does not exist, or the helper program does not start.
    pub fn open(options: RuntimeOptions) -> Result<Opened, RuntimeError> {
        let account = Account::find(options.user.as_deref())?;
        let state = make_state(&options.state)?;
        let at_state = |source| RuntimeError::State { path: state.clone(), source };
        let records = RunRecords::open(&state).map_err(at_state)?;
        let mut warnings = BTreeSet::new();
        warnings.extend(account_warning(&account));
        let cgroups = match Cgroups::open(&format!(
            "footbridge.{:016x}",
            fingerprint(state.as_os_str().as_encoded_bytes())
        )) {
            Ok(cgroups) => Some(cgroups),
            Err(error) => {
                warnings.insert(format!("apps run without a control group ({error})"));
                None
            }
        };
        let ended = sweep::sweep(&records, cgroups.as_ref());
        cgroups.iter().for_each(Cgroups::close);
        if ended > 0 {
            tracing::warn!(ended, "ended processes of apps that a killed server had left running");
        }
        if let Some(why) = probe(&options.program)?.no_namespace {
            warnings.insert(format!(
                "apps run without a process namespace ({why}): processes that they leave behind are still ended, but apps can see other processes"
            ));
        }
        let temporary = options.environment.iter().find(|(name, _)| name == "TMPDIR");
        let temporary = temporary.map_or_else(|| PathBuf::from("/tmp"), |(_, dir)| PathBuf::from(dir));
        let host = host::place(&state, &temporary, &account).map_err(|error| {
            format!("the Node host cannot be written where the apps' user can read it ({error}): give that user access to {}", state.display())
        });
        warnings.extend(host.as_ref().err().cloned());
        let environment =
            Environment::new(options.environment, &options.pass_env, options.bolt_address, &account);
        let store = OutputStore::new(options.clock);
        let warnings = Arc::new(Mutex::new(warnings));
        let (exits, ended) = mpsc::channel(EXITS);
        let context = LaunchContext {
            program: options.program,
            account,
            start_timeout: options.start_timeout,
            environment,
            host,
            store: store.clone(),
            records,
            cgroups,
            exits,
            warnings: Arc::clone(&warnings),
            ports: Ports::default(),
        };
        let ask = start_thread(context).map_err(RuntimeError::Thread)?;
        Ok(Opened { runtime: Self { ask, store, warnings }, exits: ended })
    }

    /// Starts an app and waits until it listens. If the app already runs or starts, returns that run.
    pub fn start(
        &self,
        order: StartOrder,
    ) -> impl Future<Output = Result<Running, StartFailure>> + Send + 'static {
        let ask = self.ask.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            // If this fails, `answered` has no sender and fails too.
            let _ = ask.send(Message::Start(Box::new(order), answer)).await;
            let gone = StartFailure {
                why: "the server is shutting down".to_owned(),
                again_in: Duration::from_secs(1),
            };
            answered.await.unwrap_or(Err(gone))
        }
    }

    /// Stops an app and cancels a start in progress. Resolves when all of its processes have ended.
    pub fn stop(&self, app: AppName) -> impl Future<Output = ()> + Send + 'static {
        self.and_wait(move |answer| Message::Stop(app, answer))
    }

    /// Stops all apps in parallel. Resolves when all of their processes have ended.
    pub fn stop_all(&self) -> impl Future<Output = ()> + Send + 'static {
        self.and_wait(Message::StopAll)
    }

    /// Returns at most `limit` lines of an app's output with a number above `after`; 0 starts at the oldest
    /// stored line.
    pub fn output(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine> {
        self.store.after(app, after, limit)
    }

    /// Resolves when an app has written a line with a number above `after`, or has been forgotten.
    pub fn written(&self, app: AppName, after: u64) -> impl Future<Output = ()> + Send + 'static {
        let store = self.store.clone();
        async move { store.written(&app, after).await }
    }

    /// Clears the start back-off of an app that was installed again.
    pub fn renew(&self, app: &AppName) {
        // If the channel is full, the back-off stays.
        let _ = self.ask.try_send(Message::ResetBackoff(app.clone()));
    }

    /// Deletes the output and the start back-off of an app that was uninstalled.
    pub fn forget(&self, app: &AppName) {
        self.store.forget(app);
        // If the channel is full, a few bytes about its failures stay in memory.
        let _ = self.ask.try_send(Message::Forget(app.clone()));
    }

    /// Warnings for the operator about missing isolation of apps.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn and_wait(
        &self,
        message: impl FnOnce(oneshot::Sender<()>) -> Message + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let ask = self.ask.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            // If the supervisor has ended, no app runs.
            let _ = ask.send(message(answer)).await;
            let _ = answered.await;
        }
    }
}

/// Creates the state directory. Other users may enter it, to reach the Node host, but not list it.
fn make_state(dir: &Path) -> Result<PathBuf, RuntimeError> {
    let failed = |source| RuntimeError::State { path: dir.to_owned(), source };
    if !dir.exists() {
        fs::create_dir_all(dir).map_err(failed)?;
        fs::set_permissions(dir, Permissions::from_mode(0o711)).map_err(failed)?;
    }
    dir.canonicalize().map_err(failed)
}

fn account_warning(account: &Account) -> Option<String> {
    match account {
        Account::Separate(_) => None,
        Account::Unset => Some("apps cannot start: the server runs as root and [runtime] user is not set".to_owned()),
        Account::Server => Some(
            "apps run as the server's own user and can read the server's secrets: run the server as root and set [runtime] user to another user"
                .to_owned(),
        ),
    }
}

/// Starts a helper that reports which isolation this machine supports. Fails if helpers cannot be started.
fn probe(program: &Path) -> Result<Isolation, RuntimeError> {
    let failed = |source| RuntimeError::Helper { program: program.to_owned(), source };
    let output = Command::new(program)
        .args([HELPER_ARGUMENT, "probe"])
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(failed)?;
    serde_json::from_slice(&output.stdout).map_err(|error| failed(io::Error::other(error)))
}

fn start_thread(context: LaunchContext) -> io::Result<mpsc::Sender<Message>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ask, asked) = mpsc::channel(ASKED);
    std::thread::Builder::new()
        .name("apps".to_owned())
        .spawn(move || runtime.block_on(supervise(Arc::new(context), asked)))?;
    Ok(ask)
}
