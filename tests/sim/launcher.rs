//! A simulated launcher: runs of installed apps that start slowly, fail to start, and crash.

use crate::broken::Broken;
use crate::history::History;
use crate::network::Counts;
use crate::plan::{APPS, INSTALLABLE, Plan, package_hooks};
use crate::rng::Rng;
use crate::time::Time;
use footbridge_engine::{Launcher, Launching};
use footbridge_model::hook::HookType;
use footbridge_model::name::AppName;
use footbridge_model::package::{Manifest, ManifestError, ManifestHook, Package, Program};
use footbridge_model::pattern::Pattern;
use footbridge_model::run::{
    Exit, FunctionAnswer, FunctionCall, FunctionFailure, OutputLine, RunId, Running, StartFailure, StartOrder,
};
use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// The port of run 0; each run has one of its own.
const FIRST_PORT: u64 = 20_000;

/// The launcher of one server process.
pub(crate) struct SimulatedLauncher {
    this: Weak<Self>,
    plan: Arc<Plan>,
    history: History,
    time: Time,
    counts: Counts,
    exits: mpsc::Sender<Exit>,
    runs: Mutex<Runs>,
}

#[derive(Default)]
struct Runs {
    /// Apps that are being started. Removed when the start is called off.
    starting: BTreeSet<AppName>,
    running: BTreeMap<AppName, Run>,
}

#[derive(Clone)]
struct Run {
    id: RunId,
    port: u16,
    secret: String,
    end: Arc<End>,
}

/// The end of a run. Waiters go on in the order in which they began to wait, which a watch channel does not promise.
#[derive(Debug, Default)]
pub(crate) struct End {
    is_over: AtomicBool,
    over: Notify,
}

impl End {
    fn set(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.over.notify_waiters();
    }

    pub(crate) async fn wait(&self) {
        let over = self.over.notified();
        if !self.is_over.load(Ordering::Relaxed) {
            over.await;
        }
    }
}

/// A run that accepts connections.
pub(crate) struct LiveRun {
    pub(crate) receiver: usize,
    pub(crate) secret: String,
    pub(crate) end: Arc<End>,
}

/// The name of an installed app, which is its path too.
pub(crate) fn installed_name(app: usize) -> AppName {
    AppName::parse(&format!("installed{app}")).unwrap()
}

fn number_of(name: &AppName) -> usize {
    (0..INSTALLABLE).find(|app| installed_name(*app) == *name).unwrap()
}

impl SimulatedLauncher {
    pub(crate) fn new(
        (plan, history, time): (&Arc<Plan>, &History, &Time),
        counts: &Counts,
        exits: mpsc::Sender<Exit>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            plan: Arc::clone(plan),
            history: history.clone(),
            time: time.clone(),
            counts: counts.clone(),
            exits,
            runs: Mutex::default(),
        })
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that listens at this port.
    pub(crate) fn run_at(&self, port: u16) -> Option<LiveRun> {
        let runs = self.runs();
        let (name, run) = runs.running.iter().find(|(_, run)| run.port == port)?;
        Some(LiveRun {
            receiver: APPS + number_of(name),
            secret: run.secret.clone(),
            end: Arc::clone(&run.end),
        })
    }

    async fn begin(self: Arc<Self>, order: StartOrder) -> Result<Running, StartFailure> {
        let number = self.counts.next((100, number_of(&order.app) as u64));
        let mut rng = Rng::of(self.plan.seed, &[6, number_of(&order.app) as u64, number]);
        if self.runs().running.contains_key(&order.app) || !self.runs().starting.insert(order.app.clone()) {
            self.history.record_violation(format!("{} was started while it runs", order.app));
        }
        tokio::time::sleep(rng.millis(20..1500)).await;
        let called_off = !self.runs().starting.remove(&order.app);
        let healthy = self.time.passed() >= self.plan.faults_end;
        if called_off || !healthy && rng.percent(20) {
            let why = "it ended before it listened".to_owned();
            return Err(StartFailure { why, again_in: Duration::from_secs(1) });
        }
        let id = RunId(self.counts.next((101, 0)));
        let port = u16::try_from(FIRST_PORT + id.0).unwrap();
        let secret = match self.plan.broken {
            Broken::SecretsMixedUp => format!("secret of run {}", id.0),
            _ => order.secret.expose().to_owned(),
        };
        let run = Run { id, port, secret, end: Arc::default() };
        self.runs().running.insert(order.app.clone(), run);
        if !healthy && rng.percent(50) {
            let (this, app, after) = (Arc::clone(&self), order.app, rng.millis(0..30_000));
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                if this.time.passed() < this.plan.faults_end {
                    this.end(&app, Some(id), false).await;
                }
            });
        }
        if self.plan.broken == Broken::StartsUnreported {
            let why = "it ended before it listened".to_owned();
            return Err(StartFailure { why, again_in: Duration::from_secs(1) });
        }
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        Ok(Running { run: id, address, pid: 1000 + u32::from(port) })
    }

    /// Ends a run and reports it: the run `only`, if given.
    async fn end(&self, app: &AppName, only: Option<RunId>, stopped: bool) {
        let run = {
            let mut runs = self.runs();
            let wanted = runs.running.get(app).is_some_and(|run| only.is_none_or(|only| run.id == only));
            if wanted { runs.running.remove(app) } else { None }
        };
        let Some(run) = run else { return };
        run.end.set();
        let how = if stopped { "exit code 0" } else { "killed by signal 9" };
        let exit = Exit { app: app.clone(), run: run.id, stopped, how: how.to_owned() };
        let _ = self.exits.send(exit).await;
    }
}

impl Launcher for SimulatedLauncher {
    fn manifest(&self, path: String) -> Launching<Result<Manifest, ManifestError>> {
        let app: usize = path.trim_start_matches("/apps/").parse().unwrap();
        Box::pin(ready(Ok(manifest(app, path))))
    }

    fn start(&self, order: StartOrder) -> Launching<Result<Running, StartFailure>> {
        Box::pin(self.this.upgrade().unwrap().begin(order))
    }

    fn stop(&self, app: AppName) -> Launching<()> {
        let this = self.this.upgrade().unwrap();
        Box::pin(async move {
            this.runs().starting.remove(&app);
            tokio::time::sleep(Duration::from_millis(5)).await;
            this.end(&app, None, true).await;
        })
    }

    fn stop_all(&self) -> Launching<()> {
        let this = self.this.upgrade().unwrap();
        Box::pin(async move {
            let apps: Vec<_> = this.runs().running.keys().cloned().collect();
            for app in apps {
                this.end(&app, None, true).await;
            }
        })
    }

    fn output(&self, _: &AppName, _: u64, _: usize) -> Vec<OutputLine> {
        Vec::new()
    }

    fn written(&self, _: AppName, _: u64) -> Launching<()> {
        Box::pin(std::future::pending())
    }

    fn renew(&self, _: &AppName) {}

    fn forget(&self, _: &AppName) {}

    fn call(&self, _: FunctionCall) -> Launching<Result<FunctionAnswer, FunctionFailure>> {
        unreachable!("no package has a function")
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

fn manifest(app: usize, path: String) -> Manifest {
    let hooks = package_hooks(app).into_iter().map(|hook| ManifestHook {
        pattern: Pattern::parse(&format!("*/{}", hook.event.unwrap_or("*"))).unwrap(),
        route: format!("h{}", hook.number),
        kind: HookType::Server,
        options: hook.options,
    });
    Manifest {
        name: installed_name(app),
        package: Package {
            path,
            version: "1.0.0".to_owned(),
            description: String::new(),
            display_name: installed_name(app).as_str().to_owned(),
            index: "/".to_owned(),
            system: false,
            program: Program::Node("index.js".to_owned()),
            idle_timeout: None,
            routers: BTreeMap::new(),
            functions: BTreeMap::new(),
            page_events: BTreeSet::new(),
            public: BTreeMap::new(),
        },
        hooks: hooks.collect(),
        private: BTreeSet::new(),
        warnings: Vec::new(),
    }
}
