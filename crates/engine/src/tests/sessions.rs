//! Servers that share a store: which of them runs an app, and what a server does whose session ends.

use super::kit::World;
use crate::{AppsError, JournalError, PublishError, SessionEnd};
use bytes::Bytes;
use footbridge_journal::memory::{Call, Gate, MemoryCluster, MemoryJournal};
use footbridge_journal::{Burial, Cluster as _, NodeCard};
use footbridge_model::event::EventDraft;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::id::EventId;
use footbridge_model::name::EventName;
use footbridge_model::provenance::Provenance;
use footbridge_model::run::Exit;
use footbridge_model::time::Clock as _;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const APPS: [&str; 8] = ["app-0", "app-1", "app-2", "app-3", "app-4", "app-5", "app-6", "app-7"];

/// Runs a test on paused time.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.unwrap(), test);
}

/// The apps that this server is willing to start.
async fn own(world: &World) -> Vec<&'static str> {
    let mut own = Vec::new();
    for app in APPS {
        match world.engine.start_app(app).await {
            Ok(_) => own.push(app),
            Err(error) => assert!(matches!(error, AppsError::OnAnotherServer(_)), "{app}: {error}"),
        }
    }
    own
}

/// Two servers that have shared the apps.
async fn pair(cluster: &MemoryCluster) -> (World, World) {
    let (first, second) = (World::start(cluster.node()).await, World::start(cluster.node()).await);
    for app in APPS {
        first.engine.install(app.to_owned(), false).await.unwrap();
    }
    // Long enough for every partition that the first took before the second joined.
    sleep(60 * SECOND).await;
    (first, second)
}

async fn publish(world: &World) -> Result<(), PublishError> {
    let shop = world.engine.app(&super::kit::name("shop")).unwrap();
    let draft = EventDraft {
        name: EventName::parse("order").unwrap(),
        body: Bytes::from_static(b"{}"),
        headers: PublishHeaders::default(),
        subscribers: None,
        provenance: Provenance::default(),
    };
    world.engine.publish(&shop, draft, None).await.map(drop)
}

#[test]
fn an_app_starts_only_on_the_server_that_owns_it_and_on_the_other_one_as_soon_as_that_leaves() {
    run(async {
        let cluster = MemoryCluster::new();
        let (first, second) = pair(&cluster).await;
        let (of_first, of_second) = (own(&first).await, own(&second).await);
        let mut all = [of_first.clone(), of_second.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, APPS, "each app has one owner");
        assert!(!of_first.is_empty() && !of_second.is_empty(), "{of_first:?} {of_second:?}");
        for foreign in &of_second {
            let refused = first.engine.connect_app(foreign).await.unwrap_err();
            assert!(matches!(refused, AppsError::OnAnotherServer(_)), "{refused}");
            let refused = first.engine.stop_app(foreign).await.unwrap_err();
            assert!(matches!(refused, AppsError::OnAnotherServer(_)), "{refused}");
        }
        first.engine.drain();
        first.engine.idle().await;
        first.engine.leave().await.unwrap();
        // A server that ended without leaving would keep its apps for ten seconds.
        sleep(2 * SECOND).await;
        assert_eq!(first.end.get(), Some(SessionEnd::Left));
        assert_eq!(own(&second).await, APPS);
    });
}

#[test]
fn a_server_whose_session_was_ended_stops_its_apps_and_joins_again() {
    run(async {
        let cluster = MemoryCluster::new();
        let node = cluster.node();
        let first = World::start(cluster.node()).await;
        for app in APPS {
            first.engine.install(app.to_owned(), false).await.unwrap();
        }
        sleep(3 * SECOND).await;
        assert_eq!(own(&first).await, APPS);
        node.join(NodeCard::default(), first.clock.now()).await.unwrap();
        loop {
            let seen =
                node.beat(EventId::from_number(0), first.clock.now()).await.unwrap().peers.pop().unwrap();
            if let Burial::Buried(_) = node.bury(seen.session, seen.beat, first.clock.now()).await.unwrap() {
                break;
            }
        }
        sleep(2 * SECOND).await;
        assert_eq!(first.end.get(), Some(SessionEnd::Lost));
        let stopped = first.launcher.stopped.lock().unwrap().len();
        assert_eq!(stopped, APPS.len(), "the runs have ended");
        assert_eq!(own(&first).await, <[&str; 0]>::default());
        assert!(matches!(publish(&first).await, Err(PublishError::Journal(JournalError::Fenced))));
        let _ = first.engine.leave().await;
        node.leave().await.unwrap();
        let again = World::start(first.journal.ungated()).await;
        sleep(3 * SECOND).await;
        assert_eq!(own(&again).await, APPS);
        publish(&again).await.unwrap();
    });
}

/// The way to a store that can be cut.
#[derive(Debug, Default)]
struct Cut(AtomicBool);

impl Gate for Cut {
    fn pass(&self, call: Call) {
        if self.0.load(Ordering::Relaxed) {
            call.refuse(JournalError::Unavailable { reason: "cut".to_owned(), maybe_stored: false });
        } else {
            call.run().deliver();
        }
    }
}

#[test]
fn a_server_that_cannot_reach_the_store_ends_its_apps_and_goes_on_when_it_can_again() {
    run(async {
        let way = Arc::new(Cut::default());
        let world = Rc::new(World::start(MemoryCluster::new().node().behind(way.clone() as _)).await);
        for app in APPS {
            world.engine.install(app.to_owned(), false).await.unwrap();
        }
        sleep(3 * SECOND).await;
        assert_eq!(own(&world).await, APPS);
        assert!(world.engine.health().problems.is_empty());
        way.0.store(true, Ordering::Relaxed);
        sleep(9 * SECOND).await;
        assert!(world.launcher.stopped.lock().unwrap().is_empty(), "the apps go on while the lease lasts");
        assert_eq!(own(&world).await, <[&str; 0]>::default(), "but nothing new is begun");
        assert_eq!(world.engine.health().problems.len(), 1);
        sleep(3 * SECOND).await;
        let stopped = std::mem::take(&mut *world.launcher.stopped.lock().unwrap());
        assert_eq!(stopped.len(), APPS.len());
        for app in stopped {
            let run =
                world.engine.running_apps().iter().find(|run| run.entry.app.name == app).unwrap().running.run;
            world.launcher.exits.send(Exit { app, run, stopped: true, how: String::new() }).await.unwrap();
        }
        sleep(SECOND).await;
        assert!(world.engine.running_apps().is_empty());
        way.0.store(false, Ordering::Relaxed);
        sleep(3 * SECOND).await;
        assert_eq!(world.end.get(), None, "nobody has ended the session");
        assert!(world.engine.health().problems.is_empty());
        assert_eq!(own(&world).await, APPS);
    });
}

#[test]
fn the_lease_goes_on_while_the_machine_sleeps() {
    run(async {
        let world = World::start(MemoryCluster::new().node()).await;
        world.engine.install("app-0".to_owned(), false).await.unwrap();
        sleep(3 * SECOND).await;
        world.engine.start_app("app-0").await.unwrap();
        world.clock.sleep(3600 * SECOND);
        // Before any beat: another server may have taken the app meanwhile.
        let refused = world.engine.connect_app("app-0").await.unwrap_err();
        assert!(matches!(refused, AppsError::OnAnotherServer(_)), "{refused}");
        sleep(3 * SECOND).await;
        assert!(world.engine.connect_app("app-0").await.is_ok());
    });
}

#[test]
fn a_store_for_one_server_has_no_lease() {
    run(async {
        let world = World::start(MemoryJournal::new()).await;
        world.engine.install("app-0".to_owned(), false).await.unwrap();
        world.clock.sleep(3600 * SECOND);
        assert!(world.engine.start_app("app-0").await.is_ok());
        assert!(world.engine.health().problems.is_empty());
        world.engine.leave().await.unwrap();
        sleep(SECOND).await;
        assert_eq!(world.end.get(), Some(SessionEnd::Left));
    });
}
