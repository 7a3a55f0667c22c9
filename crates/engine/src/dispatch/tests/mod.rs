//! Tests of the dispatcher on paused time: the real engine and courier over a journal in memory and a simulated network.

mod network;

use super::lane::WINDOW;
use crate::launcher::NoLauncher;
use crate::proof_key::ProofKey;
use crate::rate::Quota;
use crate::system_event::SystemEvent;
use crate::tests::kit::{NamedBodies, PausedClock, name};
use crate::{AppSpec, DeliveryFilter, Engine, EngineOptions, FileSpec, HookSpec, Limits, Page, Started};
use footbridge_courier::{CourierOptions, Policy};
use footbridge_journal::memory::{Call, CallKind, Gate, MemoryJournal};
use footbridge_journal::{JournalError, NodeCard};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::hook::{HookOptions, HookType};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::EventName;
use footbridge_model::pattern::Pattern;
use footbridge_model::provenance::Provenance;
use footbridge_model::retry::Schedule;
use footbridge_model::time::Entropy;
use http::HeaderValue;
use network::{Network, Script};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::Instant;

/// The wait before every retry, without jitter.
const RETRY: Duration = Duration::from_mins(10);

/// Counts, so that no two secrets are equal; retries have no jitter.
#[derive(Debug, Default)]
struct CountingEntropy(AtomicU8);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }

    fn unit(&self) -> f64 {
        0.5
    }
}

/// An engine that delivers, and its network.
struct World {
    engine: Engine,
    network: Network,
    start: Instant,
    _drain: watch::Sender<bool>,
}

/// Runs a test on paused time.
fn run_on(store: MemoryJournal, test: impl AsyncFnOnce(World)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let (runtime, set) = (runtime.unwrap(), LocalSet::new());
    runtime.block_on(set.run_until(async { test(World::start(store).await).await }));
}

/// Runs a test with a store that always works.
fn run(test: impl AsyncFnOnce(World)) {
    run_on(MemoryJournal::new(), test);
}

impl World {
    async fn start(store: MemoryJournal) -> Self {
        let (network, start) = (Network::new(), Instant::now());
        let shared = Arc::new(network.clone());
        let courier = CourierOptions {
            resolver: shared.clone(),
            dialer: shared,
            ..CourierOptions::new(Policy::default(), HeaderValue::from_static("test"))
        };
        let options = EngineOptions {
            store: Arc::new(store),
            node: NodeCard::default(),
            clock: Arc::new(PausedClock::since(start)),
            entropy: Arc::new(CountingEntropy::default()),
            courier: courier.share(),
            launcher: Arc::new(NoLauncher),
            exits: mpsc::channel(1).1,
            system_events: Arc::new(NamedBodies),
            public_url: "http://footbridge.test".to_owned(),
            schedule: Schedule::new(vec![RETRY; 3]),
            proof_key: ProofKey::new([9; 32]),
            limits: Limits {
                attempt: Duration::from_secs(30),
                exchange: Duration::from_secs(30),
                answer: 1024,
                answer_wait: Duration::from_secs(1),
                event: 1 << 20,
                publish_rate: None,
                quota: Quota { chain: 10_000, backlog: 100_000, bytes: 1 << 30 },
                hooks_per_app: 100,
                idle: None,
                keep: None,
                keep_dead: None,
                keep_audit: None,
                statistics: true,
            },
        };
        let apps = vec![AppSpec::named(name("publisher"))];
        let file = FileSpec { apps, ..FileSpec::default() };
        let Started { engine, dispatcher, .. } = Engine::start(options, file).await.unwrap();
        let (drain, draining) = watch::channel(false);
        spawn_local(dispatcher.run(draining));
        Self { engine, network, start, _drain: drain }
    }

    /// Adds a hook of `app` that leads to a receiver.
    async fn hook(&self, app: &str, receiver: u8, pattern: &str, options: HookOptions) {
        let url = Some(format!("http://r{receiver}.test"));
        if self.engine.app(&name(app)).is_err() {
            self.engine.add_app(AppSpec { url, ..AppSpec::named(name(app)) }, Vec::new()).await.unwrap();
        }
        let pattern = Pattern::parse(pattern).unwrap();
        let route = format!("/{receiver}");
        let spec = HookSpec { app: name(app), pattern, route, kind: HookType::Server, options };
        self.engine.add_hook(spec).await.unwrap();
    }

    /// Publishes an event with this mark in a body of at least `padding` bytes.
    async fn publish(&self, event: &str, mark: u64, padding: usize) {
        let publisher = self.engine.app(&name("publisher")).unwrap();
        let draft = EventDraft {
            name: EventName::parse(event).unwrap(),
            body: format!("{{\"mark\":{mark},\"padding\":\"{}\"}}", "x".repeat(padding)).into(),
            headers: PublishHeaders::default(),
            subscribers: None,
            provenance: Provenance::default(),
        };
        self.engine.publish(&publisher, draft, None).await.unwrap();
    }

    /// Waits until this time after the start.
    async fn reach(&self, at: Duration) {
        tokio::time::sleep_until(self.start + at).await;
    }

    /// Waits until no delivery is pending.
    async fn finish(&self) {
        until(async || self.engine.account().await.unwrap().pending == 0).await;
    }

    fn marks(&self, receiver: u8) -> Vec<u64> {
        self.network.arrivals(receiver).iter().map(|arrival| arrival.mark).collect()
    }
}

/// Waits until a condition holds, for two simulated hours at most.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_hours(2), wait).await.expect("the condition never holds");
}

fn in_flight(in_flight: u8) -> HookOptions {
    HookOptions { in_flight, ..HookOptions::default() }
}

#[test]
fn attempts_stay_within_the_limits_of_their_hook_and_app() {
    run(async |world| {
        for hook in 0..10 {
            world.hook("many", 1, &format!("publisher/e{hook}"), in_flight(16)).await;
        }
        world.hook("other", 2, "publisher/other", in_flight(8)).await;
        for mark in 0..30 {
            for hook in 0..10 {
                world.publish(&format!("e{hook}"), mark, 0).await;
            }
        }
        until(async || world.network.open(1) == 64).await;
        for mark in 0..30 {
            world.publish("other", mark, 0).await;
        }
        until(async || world.network.open(2) == 8).await;
        assert!(world.start.elapsed() < Duration::from_secs(1), "a full app does not delay another one");
        world.network.set(1, Script::Answer(200));
        world.network.set(2, Script::Answer(200));
        world.finish().await;
        assert_eq!((world.network.most_open(1), world.network.most_open(2)), (64, 8));
        assert_eq!((world.marks(1).len(), world.marks(2).len()), (300, 30));
    });
}

#[test]
fn slow_receivers_give_the_permits_of_fast_ones_back_after_a_second() {
    run(async |world| {
        // 256 attempts of four apps take all permits for fast receivers.
        for (app, receiver) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("fast", 5)] {
            world.hook(app, receiver, &format!("publisher/{app}"), in_flight(64)).await;
        }
        for mark in 0..64 {
            for app in ["a", "b", "c", "d"] {
                world.publish(app, mark, 0).await;
            }
        }
        until(async || (1..=4).all(|receiver| world.network.open(receiver) == 64)).await;
        world.network.set(5, Script::Answer(200));
        world.publish("fast", 1, 0).await;
        world.reach(Duration::from_millis(900)).await;
        assert!(world.marks(5).is_empty(), "no permit is free yet");
        world.reach(Duration::from_millis(1100)).await;
        assert_eq!(world.marks(5), [1]);
    });
}

#[test]
fn an_ordered_hook_waits_until_a_failed_delivery_has_succeeded() {
    run(async |world| {
        world.network.set(1, Script::Answer(500));
        world.hook("app", 1, "publisher/*", HookOptions { ordered: true, ..in_flight(8) }).await;
        // More events than the window holds, so that the journal supplies the rest.
        let count = WINDOW as u64 + 50;
        for mark in 0..count {
            world.publish("e", mark, 0).await;
        }
        world.reach(RETRY / 2).await;
        assert_eq!(world.marks(1), [0], "the first one holds the others back");
        world.reach(RETRY + RETRY / 2).await;
        world.network.set(1, Script::Answer(200));
        world.finish().await;
        assert_eq!(world.marks(1), [0, 0].into_iter().chain(0..count).collect::<Vec<_>>());
        assert_eq!(world.network.most_open(1), 1);
        let attempts: Vec<_> =
            world.network.arrivals(1).iter().map(|arrival| arrival.attempt).take(4).collect();
        assert_eq!(attempts, [1, 2, 3, 1]);
    });
}

#[test]
fn a_receiver_that_refuses_is_probed_until_it_is_back() {
    run(async |world| {
        world.network.set(1, Script::Refuse);
        world.hook("app", 1, "publisher/*", in_flight(8)).await;
        for mark in 0..300 {
            world.publish("e", mark, 0).await;
        }
        // After five failures one probe at a time is made, and each pause is 2 ms longer than the one before.
        world.reach(Duration::from_secs(1)).await;
        let dials = world.network.dials(1);
        assert!((20..60).contains(&dials), "{dials} attempts in the first second");
        world.network.set(1, Script::Answer(200));
        world.reach(Duration::from_secs(3)).await;
        assert_eq!(world.marks(1).len(), 300 - dials, "all that were not attempted are delivered at once");
        world.finish().await;
        assert!(world.start.elapsed() >= RETRY, "the others keep to the schedule");
        assert_eq!(world.marks(1).len(), 300);
    });
}

#[test]
fn events_beyond_the_memory_budget_are_read_from_the_journal() {
    run(async |world| {
        world.hook("app", 1, "publisher/*", HookOptions { ordered: true, ..in_flight(1) }).await;
        let size = 9 * 1024 * 1024;
        for mark in 0..5 {
            world.publish("e", mark, size).await;
        }
        world.network.set(1, Script::Answer(200));
        world.finish().await;
        assert_eq!(world.marks(1), [0, 1, 2, 3, 4]);
        assert!(world.network.arrivals(1).iter().all(|arrival| arrival.body_length > size));
    });
}

#[test]
fn a_shortage_of_this_server_is_reported_and_costs_no_attempt() {
    run(async |world| {
        world.network.set(1, Script::NoDescriptor);
        world.hook("app", 1, "publisher/*", in_flight(8)).await;
        world.publish("e", 1, 0).await;
        world.reach(Duration::from_secs(9)).await;
        assert_eq!(world.engine.delivery_problem(), None, "it may pass");
        world.reach(Duration::from_secs(16)).await;
        let problem = world.engine.delivery_problem().unwrap();
        assert!(problem.contains("this server is short of something"), "{problem}");
        let dials = world.network.dials(1);
        assert!((3..8).contains(&dials), "{dials} tries in 16 s: the pause doubles");
        world.network.set(1, Script::Answer(200));
        world.finish().await;
        let arrivals = world.network.arrivals(1);
        assert_eq!((arrivals.len(), arrivals[0].attempt), (1, 1));
        assert!(arrivals[0].at < Duration::from_secs(30), "{:?}", arrivals[0].at);
        assert_eq!(world.engine.delivery_problem(), None);
    });
}

#[test]
fn an_optional_answer_holds_the_lane_no_longer_than_its_wait() {
    run(async |world| {
        let options = HookOptions { answer: footbridge_model::hook::AnswerRule::Optional, ..in_flight(1) };
        world.network.set(1, Script::AnswerAfter(Duration::from_secs(5)));
        world.hook("app", 1, "publisher/*", options).await;
        for mark in 0..4 {
            world.publish("e", mark, 0).await;
        }
        world.finish().await;
        let arrivals = world.network.arrivals(1);
        let times: Vec<_> = arrivals.iter().map(|arrival| arrival.at.as_millis() / 1000).collect();
        assert_eq!((world.marks(1), times), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
        let page = Page { before: None, limit: 10 };
        let filter = DeliveryFilter { status: Some(DeliveryStatus::Delivered), ..DeliveryFilter::default() };
        let delivered = world.engine.history().deliveries(filter, page).await.unwrap();
        assert_eq!(delivered.len(), 4, "the late answers count");
    });
}

#[test]
fn an_event_about_an_app_bypasses_its_busy_lane_and_is_attempted_once() {
    run(async |world| {
        world.hook("app", 1, "*/*", in_flight(1)).await;
        world.publish("e", 1, 0).await;
        until(async || world.network.open(1) == 1).await;
        let app = name("app");
        let event = SystemEvent::AppStarting { app: &app, port: 1, public_url: "http://footbridge.test" };
        let publisher = world.engine.publisher();
        let mut ended = publisher.publish_server_event(&event, Some(&app), Lineage::default()).await.unwrap();
        until(async || world.network.open(1) == 2).await;
        world.network.set(1, Script::Answer(500));
        assert_eq!(ended.recv().await, None, "closes after the attempt");
        let page = Page { before: None, limit: 10 };
        let filter = DeliveryFilter { status: Some(DeliveryStatus::Dead), ..DeliveryFilter::default() };
        until(async || world.engine.history().deliveries(filter.clone(), page).await.unwrap().len() == 1)
            .await;
        world.network.set(1, Script::Answer(200));
        world.finish().await;
        assert_eq!(world.network.arrivals(1).len(), 3, "one event has a retry, the other has none");
    });
}

/// A store that does not take the first results, and whose answers about due deliveries take a while.
#[derive(Default)]
struct BusyAtFirst(AtomicBool);

impl Gate for BusyAtFirst {
    fn pass(&self, call: Call) {
        let is_first_record = || call.kind() == CallKind::Record && !self.0.swap(true, Ordering::Relaxed);
        if is_first_record() {
            return call.refuse(JournalError::Busy("locked".to_owned()));
        }
        let wait = Duration::from_millis(if call.kind() == CallKind::Due { 1_000 } else { 0 });
        let reply = call.run();
        spawn_local(async move {
            tokio::time::sleep(wait).await;
            reply.deliver();
        });
    }
}

#[test]
fn an_answer_of_the_journal_that_lacks_overdue_results_is_not_used() {
    run_on(MemoryJournal::new().behind(Arc::new(BusyAtFirst::default())), async |world| {
        world.network.set(1, Script::AnswerAfter(Duration::from_secs(5)));
        world.hook("app", 1, "publisher/*", in_flight(8)).await;
        world.publish("e", 1, 0).await;
        until(async || world.network.open(1) == 1).await;
        until(async || world.network.open(1) == 0).await;
        // The result is written again after a second: when the journal answers, it knows more than it says.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let hooks = world.engine.hooks(None);
        world.engine.publisher().lanes.wake(hooks.iter().map(|hook| hook.hook.id));
        world.finish().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(world.marks(1), [1], "a delivery was attempted twice");
    });
}
