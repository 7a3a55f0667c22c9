//! A run: lives of a server that follow each other over one disk, until it is calm and all has ended.

use crate::acts;
use crate::dice::{Dice, Seeded};
use crate::disk::Disk;
use crate::ledger::Ledger;
use crate::net::{Counts, Net};
use crate::plan::{APPS, ATTEMPT, AWAY, Plan, WAITS};
use crate::time::Time;
use bytes::Bytes;
use footbridge_courier::{CourierOptions, Policy};
use footbridge_engine::{
    AppSpec, Engine, EngineOptions, FileSpec, Limits, NoLauncher, ProofKey, Quota, SystemEvent,
    SystemEventFormat,
};
use footbridge_journal::Journal as _;
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::name::AppName;
use footbridge_model::retry::Schedule;
use http::HeaderValue;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

/// Writes bodies that name the app of an event and nothing else.
struct NamedBodies;

impl SystemEventFormat for NamedBodies {
    fn body(&self, event: &SystemEvent<'_>) -> Bytes {
        event.app().map_or_else(|| Bytes::from_static(b"{}"), |app| format!("{{\"name\":\"{app}\"}}").into())
    }
}

/// What a run leaves.
pub(crate) struct Remains {
    pub(crate) plan: Arc<Plan>,
    pub(crate) ledger: Ledger,
    pub(crate) disk: MemoryJournal,
}

/// Does what the seed says, to the end.
pub(crate) fn run(seed: u64) -> Remains {
    run_plan(Plan::of(seed))
}

/// Does what is planned, to the end.
pub(crate) fn run_plan(plan: Plan) -> Remains {
    let plan = Arc::new(plan);
    let (ledger, counts, next) = (Ledger::default(), Counts::default(), Cell::new(0));
    let (mut disk, mut before) = (MemoryJournal::new(), Duration::ZERO);
    let ends = plan.crashes.iter().map(|crash| Some((crash.at, crash.away))).chain([None]);
    for (life, end) in (1..).zip(ends) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let set = LocalSet::new();
        let left = runtime.block_on(set.run_until(async {
            let time = Time::from(before, &plan);
            let found = Arc::new(Disk::found(&disk, life, &time, &plan, &ledger));
            let net = Net::around(&plan, &ledger, &time, &counts);
            let living = live(&plan, &ledger, &found, (&time, net), &next, life);
            match end {
                None => living.await,
                Some((at, _)) => tokio::select! {
                    biased;
                    () = time.reach(at) => {}
                    () = living => {}
                },
            }
            found.kept().reopened()
        }));
        drop((set, runtime));
        disk = left;
        assert!(disk.account().balances(), "after life {life}: {:?}", disk.account());
        if let Some((at, away)) = end {
            ledger.crashes();
            before = before.max(at) + away;
        }
    }
    Remains { plan, ledger, disk }
}

/// One life of the server, with all that is done to it meanwhile.
async fn live(
    plan: &Arc<Plan>,
    ledger: &Ledger,
    disk: &Arc<Disk>,
    (time, net): (&Time, Net),
    next: &Cell<usize>,
    life: u64,
) {
    let working = Arc::clone(disk);
    spawn_local(async move { working.work().await });
    let (_kept, exits) = mpsc::channel(1);
    let net = Arc::new(net);
    let courier = CourierOptions {
        resolver: net.clone(),
        dialer: net,
        ..CourierOptions::new(Policy::default(), HeaderValue::from_static("Footbridge/simulated"))
    };
    let options = EngineOptions {
        registry: disk.clone(),
        journal: disk.clone(),
        clock: Arc::new(time.clone()),
        entropy: Arc::new(Seeded::new(Dice::of(plan.seed, &[5, life]))),
        courier: courier.share(),
        launcher: Arc::new(NoLauncher),
        exits,
        system_events: Arc::new(NamedBodies),
        public_url: "http://footbridge.test".to_owned(),
        schedule: Schedule::new(WAITS.to_vec()),
        proof_key: ProofKey::new([9; 32]),
        limits: limits(),
    };
    let started = Engine::start(options, FileSpec { apps: apps(), ..FileSpec::default() }).await.unwrap();
    assert!(started.engine.account().balances());
    let (_drain, draining) = watch::channel(false);
    let dispatcher = spawn_local(started.dispatcher.run(draining.clone()));
    spawn_local(started.retention.run(draining.clone()));
    spawn_local(started.app_monitor.run(draining));
    while let Some(step) = plan.steps.get(next.get()) {
        time.reach(step.at).await;
        next.set(next.get() + 1);
        spawn_local(acts::act(started.engine.clone(), step.act.clone(), ledger.clone()));
    }
    // What was asked for last has its effect first.
    time.reach(plan.calm + 2 * AWAY).await;
    while started.engine.account().pending > 0 && time.passed() < plan.calm + plan.patience {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(!dispatcher.is_finished(), "the dispatcher has ended");
    assert_eq!(started.engine.delivery_problem(), None);
    let (tried, most) = disk.blind_reads();
    assert!(tried <= most * engine_lanes(ledger), "{tried} reads of a disk that cannot be read");
}

/// How many attempts may be under way at once, all hooks together.
fn engine_lanes(ledger: &Ledger) -> u64 {
    8 * ledger.book().hooks.len() as u64
}

fn limits() -> Limits {
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
        keep: None,
        keep_dead: None,
    }
}

/// The name of an app.
pub(crate) fn name(app: usize) -> AppName {
    AppName::parse(&format!("app{app}")).unwrap()
}

fn apps() -> Vec<AppSpec> {
    let spec = |app| AppSpec { url: Some(format!("http://r{app}.test")), ..AppSpec::named(name(app)) };
    (0..APPS).map(spec).collect()
}
