//! The handle through which apps are started and stopped.

use crate::cgroup::Cgroups;
use crate::environment::Environment;
use crate::fingerprint::fingerprint;
use crate::host;
use crate::options::{RuntimeError, RuntimeOptions};
use crate::output::Store;
use crate::record::Records;
use crate::spec::{Layers, WORD};
use crate::supervisor::{Machine, Message, Ports, watch_over};
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

/// How many messages may wait for the actor; whoever has more to say waits in turn.
const ASKED: usize = 256;
/// How many ends of runs may wait to be read.
const EXITS: usize = 1024;

/// Runs apps. A clone is the same runtime; when the last one is dropped every app ends at once.
#[derive(Debug, Clone)]
pub struct Runtime {
    ask: mpsc::Sender<Message>,
    store: Store,
    warnings: Arc<Mutex<BTreeSet<String>>>,
}

/// A runtime, and where it tells which runs have ended.
#[derive(Debug)]
pub struct Opened {
    /// Starts and stops apps.
    pub runtime: Runtime,
    /// The end of every run that was up, stopped or not.
    pub exits: mpsc::Receiver<Exit>,
}

/// Whether apps can be run as this user: to be asked before anything is made that an error would leave.
///
/// # Errors
/// When there is no such user, or this server cannot become it.
pub fn check_user(user: Option<&str>) -> Result<(), RuntimeError> {
    Account::find(user).map(drop)
}

impl Runtime {
    /// Ends what a killed server left, finds out what this machine can do, and starts the thread that
    /// watches over apps.
    ///
    /// # Errors
    /// When the state cannot be written, the user is not there, or our own program does not run.
    pub fn open(options: RuntimeOptions) -> Result<Opened, RuntimeError> {
        let account = Account::find(options.user.as_deref())?;
        let state = make_state(&options.state)?;
        let at_state = |source| RuntimeError::State { path: state.clone(), source };
        let records = Records::open(&state).map_err(at_state)?;
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
            tracing::warn!(ended, "processes of apps had outlived a server that was killed; they were ended");
        }
        if let Some(why) = probe(&options.program)?.no_namespace {
            warnings.insert(format!(
                "apps run without a process namespace ({why}): what they leave behind is ended all the same, but they see other processes"
            ));
        }
        let temporary = options.environment.iter().find(|(name, _)| name == "TMPDIR");
        let temporary = temporary.map_or_else(|| PathBuf::from("/tmp"), |(_, dir)| PathBuf::from(dir));
        let host = host::place(&state, &temporary, &account).map_err(|error| {
            format!("the Node host cannot be put where the apps' user can read it ({error}): open {} to that user", state.display())
        });
        warnings.extend(host.as_ref().err().cloned());
        let environment =
            Environment::new(options.environment, &options.pass_env, options.bolt_address, &account);
        let store = Store::new(options.clock);
        let warnings = Arc::new(Mutex::new(warnings));
        let (exits, ended) = mpsc::channel(EXITS);
        let machine = Machine {
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
        let ask = start_thread(machine).map_err(RuntimeError::Thread)?;
        Ok(Opened { runtime: Self { ask, store, warnings }, exits: ended })
    }

    /// Starts an app and waits until it listens. Asked for again meanwhile, it gives the same run.
    pub fn start(
        &self,
        order: StartOrder,
    ) -> impl Future<Output = Result<Running, StartFailure>> + Send + 'static {
        let ask = self.ask.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            // An error leaves `answered` without a sender, which is told below.
            let _ = ask.send(Message::Start(Box::new(order), answer)).await;
            let gone =
                StartFailure { why: "the server is ending".to_owned(), again_in: Duration::from_secs(1) };
            answered.await.unwrap_or(Err(gone))
        }
    }

    /// Stops an app; resolves once nothing of it is left. A start under way is given up.
    pub fn stop(&self, app: AppName) -> impl Future<Output = ()> + Send + 'static {
        self.and_wait(move |answer| Message::Stop(app, answer))
    }

    /// Stops every app, all at the same time; resolves once nothing of them is left.
    pub fn stop_all(&self) -> impl Future<Output = ()> + Send + 'static {
        self.and_wait(Message::StopAll)
    }

    /// What an app wrote after the line of this number (0: from the oldest kept), at most `limit` lines.
    pub fn output(&self, app: &AppName, after: u64, limit: usize) -> Vec<OutputLine> {
        self.store.after(app, after, limit)
    }

    /// Resolves once an app has written a line with a number above `after`, or is forgotten.
    pub fn written(&self, app: AppName, after: u64) -> impl Future<Output = ()> + Send + 'static {
        let store = self.store.clone();
        async move { store.written(&app, after).await }
    }

    /// Forgets how an app's starts went: it was installed anew and may be another by now.
    pub fn renew(&self, app: &AppName) {
        // A full channel leaves the app its back-off.
        let _ = self.ask.try_send(Message::Renew(app.clone()));
    }

    /// Forgets what is kept of an app that was uninstalled.
    pub fn forget(&self, app: &AppName) {
        self.store.forget(app);
        // A full channel leaves a few bytes of memory of its failures.
        let _ = self.ask.try_send(Message::Forget(app.clone()));
    }

    /// What an operator should know about how well apps are kept apart, in words.
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
            // Without an actor nothing runs.
            let _ = ask.send(message(answer)).await;
            let _ = answered.await;
        }
    }
}

/// Everybody may pass through it, for the host's file; nobody else may look around.
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
        Account::Other(_) => None,
        Account::Undecided => Some("no app is started: the server runs as root and [runtime] user is not set".to_owned()),
        Account::Own => Some(
            "apps run as the server's own user and can read the server's secrets: run the server as root and set [runtime] user to another user"
                .to_owned(),
        ),
    }
}

/// Asks a helper what this machine can do; also proves that helpers run at all.
fn probe(program: &Path) -> Result<Layers, RuntimeError> {
    let failed = |source| RuntimeError::Helper { program: program.to_owned(), source };
    let output = Command::new(program)
        .args([WORD, "probe"])
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(failed)?;
    serde_json::from_slice(&output.stdout).map_err(|error| failed(io::Error::other(error)))
}

fn start_thread(machine: Machine) -> io::Result<mpsc::Sender<Message>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ask, asked) = mpsc::channel(ASKED);
    std::thread::Builder::new()
        .name("apps".to_owned())
        .spawn(move || runtime.block_on(watch_over(Arc::new(machine), asked)))?;
    Ok(ask)
}
