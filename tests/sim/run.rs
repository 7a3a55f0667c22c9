//! A run: server processes, one after another, over one disk, until the faults end and all deliveries have ended.

use crate::actions;
use crate::disk::Disk;
use crate::history::History;
use crate::launcher::SimulatedLauncher;
use crate::network::{Counts, EXCHANGE_PATH, Network, Reaction};
use crate::pages::{Cursors, Page};
use crate::plan::{APPS, ATTEMPT, MAX_DOWNTIME, Plan, WAITS};
use crate::rng::{Rng, SeededEntropy};
use crate::time::Time;
use bytes::Bytes;
use footbridge_courier::{Courier, CourierOptions, CourierShared, Policy};
use footbridge_engine::{
    AppSpec, Engine, EngineOptions, FileSpec, Limits, LinkSpec, ProofKey, Quota, Started, SystemEvent,
    SystemEventFormat,
};
use footbridge_journal::NodeCard;
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::name::AppName;
use footbridge_model::retry::Schedule;
use http::HeaderValue;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

/// How long a run with retention goes on after its last delivery, so that old events are deleted.
const RETENTION_TIME: Duration = Duration::from_mins(5);

/// Writes bodies that name the app of an event and nothing else.
pub(crate) struct NamedBodies;

impl SystemEventFormat for NamedBodies {
    fn body(&self, event: &SystemEvent<'_>) -> Bytes {
        event.app().map_or_else(|| Bytes::from_static(b"{}"), |app| format!("{{\"name\":\"{app}\"}}").into())
    }
}

/// The result of a run, for the checks.
pub(crate) struct Outcome {
    pub(crate) plan: Arc<Plan>,
    pub(crate) history: History,
    pub(crate) disk: MemoryJournal,
    /// How long the run lasted.
    pub(crate) lasted: Duration,
}

/// What continues over crashes.
struct World {
    plan: Arc<Plan>,
    history: History,
    counts: Counts,
    cursors: Cursors,
    /// The index of the next step.
    next: Cell<usize>,
}

/// Runs a seed to the end.
pub(crate) fn run(seed: u64) -> Outcome {
    run_plan(Plan::of(seed))
}

/// Runs a plan to the end.
pub(crate) fn run_plan(plan: Plan) -> Outcome {
    let plan = Arc::new(plan);
    let world = World {
        plan: Arc::clone(&plan),
        history: History::default(),
        counts: Counts::default(),
        cursors: Cursors::default(),
        next: Cell::new(0),
    };
    let (mut disk, mut before, mut lasted) = (store(&plan), Duration::ZERO, Duration::ZERO);
    let ends = plan.crashes.iter().map(|crash| Some((crash.at, crash.downtime))).chain([None]);
    for (process, end) in (1..).zip(ends) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let set = LocalSet::new();
        let left = runtime.block_on(set.run_until(async {
            let time = Time::from(before, &plan);
            let found = Arc::new(Disk::found(&disk, process, &time, &plan, &world.history));
            let living = world.live(&found, &time, process);
            match end {
                None => living.await,
                Some((at, _)) => tokio::select! {
                    biased;
                    () = time.reach(at) => {}
                    () = living => {}
                },
            }
            lasted = time.passed();
            found.stored().reopened()
        }));
        drop((set, runtime));
        disk = left;
        if !disk.account_now().balances() {
            let account = disk.account_now();
            world.history.record_violation(format!("the account after process {process} is {account:?}"));
        }
        if let Some((at, downtime)) = end {
            world.history.record_crash();
            before = before.max(at) + downtime;
        }
    }
    Outcome { plan, history: world.history, disk, lasted }
}

/// An empty store, which breaks a law if the plan says so.
fn store(plan: &Plan) -> MemoryJournal {
    let store = MemoryJournal::new();
    match plan.broken.law() {
        Some(law) => store.broken(law),
        None => store,
    }
}

impl World {
    /// Runs one server process and the actions of the plan meanwhile.
    async fn live(&self, disk: &Arc<Disk>, time: &Time, process: u64) {
        let working = Arc::clone(disk);
        spawn_local(async move { working.work().await });
        let store = Arc::new(disk.handle().behind(Arc::clone(disk) as _));
        let (ended, exits) = mpsc::channel(16);
        let launcher = SimulatedLauncher::new((&self.plan, &self.history, time), &self.counts, ended);
        let (reactions, reacting) = mpsc::channel(64);
        let network = Network::around((&self.plan, &self.history, time), &self.counts, &launcher, reactions);
        let courier = courier(network);
        let options = EngineOptions {
            store,
            node: NodeCard::default(),
            clock: Arc::new(time.clone()),
            entropy: Arc::new(SeededEntropy::new(Rng::of(self.plan.seed, &[5, process]))),
            courier: Arc::clone(&courier),
            launcher,
            exits,
            public_url: "http://footbridge.test".to_owned(),
            system_events: Arc::new(NamedBodies),
            schedule: schedule(),
            proof_key: ProofKey::new([9; 32]),
            limits: limits(&self.plan),
        };
        let Started { engine, dispatcher, retention, app_monitor, .. } =
            Engine::start(options, file()).await.unwrap();
        disk.started();
        let (_drain, draining) = watch::channel(false);
        let dispatcher = spawn_local(dispatcher.run(draining.clone()));
        spawn_local(retention.run(draining.clone()));
        spawn_local(app_monitor.run(draining));
        spawn_local(react(engine.clone(), reacting, self.history.clone()));
        self.open_pages(&engine, time);
        let courier = Rc::new(Courier::new(courier));
        while let Some(step) = self.plan.steps.get(self.next.get()) {
            time.reach(step.at).await;
            self.next.set(self.next.get() + 1);
            let action = step.action.clone();
            spawn_local(actions::run(engine.clone(), Rc::clone(&courier), action, self.history.clone()));
        }
        self.settle(disk, time).await;
        assert!(!dispatcher.is_finished(), "the dispatcher has ended");
        if engine.delivery_problem().is_some() {
            // What was held back may be cancelled; an idle dispatcher looks at that only now and then.
            tokio::time::sleep(Duration::from_secs(31)).await;
        }
        assert_eq!(engine.delivery_problem(), None);
        let (tried, most) = disk.unreadable_reads();
        let lanes = 8 * self.history.records().hooks.len() as u64;
        assert!(tried <= most * lanes, "{tried} reads of a disk that cannot be read");
    }

    fn open_pages(&self, engine: &Engine, time: &Time) {
        for (number, plan) in self.plan.pages.iter().enumerate() {
            let page = Page {
                number,
                plan: plan.clone(),
                engine: engine.clone(),
                history: self.history.clone(),
                time: time.clone(),
                cursors: self.cursors.clone(),
                broken: self.plan.broken,
            };
            spawn_local(page.run());
        }
    }

    /// Waits until all deliveries have ended, and old ones are deleted.
    async fn settle(&self, disk: &Disk, time: &Time) {
        // The last actions take effect first.
        time.reach(self.plan.faults_end + 2 * MAX_DOWNTIME).await;
        while disk.stored().account_now().pending > 0
            && time.passed() < self.plan.faults_end + self.plan.settle_time
        {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if self.plan.retention.is_some() {
            tokio::time::sleep(RETENTION_TIME).await;
        }
    }
}

async fn react(engine: Engine, mut reacting: mpsc::Receiver<Reaction>, history: History) {
    while let Some(reaction) = reacting.recv().await {
        spawn_local(actions::react(engine.clone(), reaction, history.clone()));
    }
}

pub(crate) fn courier(network: Network) -> Arc<CourierShared> {
    let network = Arc::new(network);
    let options = CourierOptions {
        resolver: network.clone(),
        dialer: network,
        ..CourierOptions::new(Policy::default(), HeaderValue::from_static("Footbridge/simulated"))
    };
    options.share()
}

pub(crate) fn limits(plan: &Plan) -> Limits {
    Limits {
        attempt: ATTEMPT,
        exchange: ATTEMPT,
        answer: 1024,
        answer_wait: Duration::from_millis(300),
        event: 1024,
        publish_rate: None,
        quota: Quota { chain: 10_000, backlog: 100_000, bytes: 1 << 30 },
        hooks_per_app: 100,
        idle: None,
        keep: plan.retention.map(|retention| retention.ended),
        keep_dead: plan.retention.map(|retention| retention.dead),
        keep_audit: None,
        statistics: true,
    }
}

/// The name of an app, by its number.
pub(crate) fn name(app: usize) -> AppName {
    AppName::parse(&format!("app{app}")).unwrap()
}

/// The configuration file of every server.
pub(crate) fn file() -> FileSpec {
    FileSpec { apps: apps(), links: links(), ..FileSpec::default() }
}

pub(crate) fn schedule() -> Schedule {
    Schedule::new(WAITS.to_vec())
}

fn apps() -> Vec<AppSpec> {
    let spec = |app| AppSpec {
        url: Some(format!("http://r{app}.test")),
        receiver_url: Some(format!("http://r{app}.test{EXCHANGE_PATH}")),
        ..AppSpec::named(name(app))
    };
    (0..APPS).map(spec).collect()
}

/// Each app of an even number is a host of the next one.
fn links() -> Vec<LinkSpec> {
    let link = |host| LinkSpec { host: name(host), miniapp: name(host + 1), enabled: true };
    (0..APPS).step_by(2).map(link).collect()
}
