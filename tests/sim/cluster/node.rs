//! One process of a node: an engine on a runtime of its own, whose time goes on only when the run lets it.

use super::link::{Link, LinkOwner};
use super::plan::{ClusterAction, NodeClockPlan};
use super::run::World;
use crate::actions;
use crate::exchanges;
use crate::history::History;
use crate::launcher::SimulatedLauncher;
use crate::network::Network;
use crate::rng::{Rng, SeededEntropy};
use crate::run::{NamedBodies, courier, file, limits, schedule};
use crate::time::Time;
use footbridge_courier::Courier;
use footbridge_engine::{Engine, EngineOptions, ProofKey, SessionEnd, Started};
use footbridge_journal::NodeCard;
use footbridge_journal::memory::MemoryJournal;
use footbridge_model::time::{Clock, Millis};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};

/// The pause before an engine that could not start is started again.
const AGAIN: Duration = Duration::from_millis(500);

/// The wall clock of a node.
#[derive(Debug)]
struct NodeClock {
    time: Time,
    offset: i64,
}

impl Clock for NodeClock {
    fn now(&self) -> Millis {
        Millis(self.time.now().0 + self.offset)
    }

    fn elapsed(&self) -> Duration {
        self.time.passed()
    }
}

/// The state of a process that the run reads.
pub(super) struct State {
    engine: RefCell<Option<Engine>>,
    courier: RefCell<Option<Rc<Courier>>>,
    end: Cell<Option<SessionEnd>>,
    drain: watch::Sender<bool>,
}

/// A process of a node.
pub(super) struct Process {
    pub(super) number: u64,
    runtime: Runtime,
    set: LocalSet,
    link: Arc<Link>,
    state: Rc<State>,
    history: History,
    /// The time of the run at its start.
    started: Duration,
    clock: NodeClockPlan,
    /// How long it has run, on its own clock.
    elapsed: Duration,
}

impl Process {
    /// Starts a process of a node.
    pub(super) fn start(world: &Rc<World>, node: usize, number: u64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let set = LocalSet::new();
        let (started, clock) = (world.now.now(), world.plan.clocks[node]);
        let (drain, draining) = watch::channel(false);
        let state = Rc::new(State {
            engine: RefCell::default(),
            courier: RefCell::default(),
            end: Cell::default(),
            drain,
        });
        let link = runtime.block_on(set.run_until(async {
            let time = Time::from(started, &world.base);
            let link = Link::new(
                LinkOwner { node, process: number },
                &world.plan,
                &world.now,
                &time,
                &world.observer,
                world.broken,
            );
            for connection in 0..2 {
                spawn_local(Arc::clone(&link).work(connection));
            }
            let life = Life { world: Rc::clone(world), node, number, time, link: Arc::clone(&link) };
            spawn_local(life.run(Rc::clone(&state), draining));
            link
        }));
        let (history, elapsed) = (world.history.clone(), Duration::ZERO);
        Self { number, runtime, set, link, state, history, started, clock, elapsed }
    }

    /// Lets the process run until this time of the run.
    pub(super) fn step(&mut self, until: Duration) {
        let elapsed = self.elapsed_at(until);
        let step = elapsed.saturating_sub(self.elapsed);
        self.elapsed = elapsed;
        self.runtime.block_on(self.set.run_until(async { tokio::time::sleep(step).await }));
    }

    /// Continues after a freeze: the time has gone on, and nothing was done meanwhile.
    pub(super) fn thaw(&mut self, at: Duration) {
        let elapsed = self.elapsed_at(at);
        let frozen = elapsed.saturating_sub(self.elapsed);
        self.elapsed = elapsed;
        let link = Arc::clone(&self.link);
        // The clock moves before any task runs.
        self.runtime.block_on(async move {
            tokio::time::advance(frozen).await;
            link.thaw();
        });
    }

    fn elapsed_at(&self, at: Duration) -> Duration {
        let passed = i64::try_from(at.saturating_sub(self.started).as_micros()).unwrap();
        let drifted = passed + passed / 1000 * self.clock.drift / 1000;
        Duration::from_micros(u64::try_from(drifted.max(0)).unwrap())
    }

    /// How the process ended, if it did.
    pub(super) fn end(&self) -> Option<SessionEnd> {
        self.state.end.get()
    }

    /// True if it takes requests.
    pub(super) fn is_ready(&self) -> bool {
        self.state.engine.borrow().as_ref().is_some_and(|engine| !engine.is_draining())
    }

    /// The numbers of the hooks that it knows.
    pub(super) fn known_hooks(&self) -> BTreeSet<u64> {
        let engine = self.state.engine.borrow();
        let hooks = engine.iter().flat_map(|engine| engine.hooks(None));
        hooks.filter_map(|entry| actions::number_of(&entry.hook.route)).collect()
    }

    /// Asks it to end, as `SIGTERM` does.
    pub(super) fn drain(&self) {
        self.state.drain.send_replace(true);
    }

    /// Lets somebody call it.
    pub(super) fn call(&self, action: ClusterAction) {
        let (engine, courier) = (self.state.engine.borrow().clone(), self.state.courier.borrow().clone());
        let (Some(engine), Some(courier)) = (engine, courier) else { return };
        let history = self.history.clone();
        self.set.spawn_local(async move {
            match action {
                ClusterAction::Publish(plan) => actions::publish(&engine, plan, &history).await,
                ClusterAction::Exchange(plan) => exchanges::call(&engine, &courier, &plan, &history).await,
                ClusterAction::Remove(number) => actions::remove(&engine, number, &history).await,
                ClusterAction::Add(plan) => actions::add_until_done(&engine, plan, &history).await,
            }
        });
    }

    /// Kills it: some of its calls still take effect.
    pub(super) fn kill(self) {
        self.link.abandon();
        drop(self.state.engine.take());
        drop((self.set, self.runtime));
    }
}

/// The work of one process.
struct Life {
    world: Rc<World>,
    node: usize,
    number: u64,
    time: Time,
    link: Arc<Link>,
}

impl Life {
    async fn run(self, state: Rc<State>, draining: watch::Receiver<bool>) {
        let store = Arc::new(self.world.database.node().behind(Arc::clone(&self.link) as _));
        let (started, courier) = loop {
            if let Some(started) = self.start(&store).await {
                break started;
            }
            tokio::time::sleep(AGAIN).await;
        };
        let Started { engine, dispatcher, retention, app_monitor, mut membership, .. } = started;
        if let Some(rule) = self.world.broken.rule {
            membership.break_rule(rule);
        }
        let delivering = spawn_local(dispatcher.run(draining.clone()));
        spawn_local(retention.run(draining.clone()));
        spawn_local(app_monitor.run(draining.clone()));
        let leaving = engine.clone();
        let mut drain = draining;
        spawn_local(async move {
            if drain.wait_for(|drain| *drain).await.is_ok() {
                leaving.drain();
                leaving.idle().await;
                let _ = delivering.await;
                // Others end the session later if the database cannot be reached.
                let _ = leaving.leave().await;
            }
        });
        state.courier.replace(Some(Rc::new(Courier::new(courier))));
        state.engine.replace(Some(engine));
        state.end.set(Some(membership.run().await));
    }

    async fn start(
        &self,
        store: &Arc<MemoryJournal>,
    ) -> Option<(Started, Arc<footbridge_courier::CourierShared>)> {
        let World { base, history, counts, .. } = &*self.world;
        let (ended, exits) = mpsc::channel(16);
        let launcher = SimulatedLauncher::new((base, history, &self.time), counts, ended);
        let (reactions, _) = mpsc::channel(64);
        let network = Network::around((base, history, &self.time), counts, &launcher, reactions)
            .of_process(self.number, Arc::clone(&self.link) as _);
        let courier = courier(network);
        let clock = NodeClock { time: self.time.clone(), offset: self.world.plan.clocks[self.node].offset };
        let options = EngineOptions {
            store: store.clone(),
            node: NodeCard { name: format!("node{}", self.node), address: None },
            clock: Arc::new(clock),
            entropy: Arc::new(SeededEntropy::new(Rng::of(base.seed, &[5, self.number]))),
            courier: Arc::clone(&courier),
            launcher,
            exits,
            public_url: "http://footbridge.test".to_owned(),
            system_events: Arc::new(NamedBodies),
            schedule: schedule(),
            proof_key: ProofKey::new([9; 32]),
            limits: limits(base),
        };
        let started = Engine::start(options, file()).await;
        started.ok().map(|started| (started, courier))
    }
}
