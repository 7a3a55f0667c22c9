//! Results are written once, whatever the database does meanwhile, and only while this server owns their partition.

use super::record::Recorder;
use super::task_report::TaskReport;
use crate::claims::Claims;
use bytes::Bytes;
use footbridge_journal::contract::Owner as _;
use footbridge_journal::memory::{Call, CallKind, Gate, MemoryCluster, MemoryJournal};
use footbridge_journal::{
    Claim, Cluster as _, EventLog as _, History as _, JournalError, NewDelivery, NewEvent, Partition, Version,
};
use footbridge_model::delivery::{Attempt, Next};
use footbridge_model::event::Event;
use footbridge_model::headers::PublishHeaders;
use footbridge_model::id::{DeliveryId, EventId, HookId};
use footbridge_model::lineage::Lineage;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::provenance::Provenance;
use footbridge_model::time::Millis;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

const PARTITION: Partition = Partition(3);
const DELIVERY: DeliveryId = DeliveryId::from_number(11);
const HOOK: HookId = HookId::from_number(1);

/// The fate of one call that records results.
enum Fault {
    /// It does not reach the database.
    Lost,
    /// It takes effect, but its answer is lost.
    AnswerLost,
}

/// A link to the database with these faults, one for each call.
struct Link(Mutex<VecDeque<Fault>>);

impl Gate for Link {
    fn pass(&self, call: Call) {
        let fault = match call.kind() {
            CallKind::Record => self.0.lock().unwrap().pop_front(),
            _ => None,
        };
        let unavailable = |maybe_stored| JournalError::Unavailable { reason: "cut".to_owned(), maybe_stored };
        match fault {
            None => call.run().deliver(),
            Some(Fault::Lost) => call.refuse(unavailable(false)),
            Some(Fault::AnswerLost) => call.run().lose(unavailable(true)),
        }
    }
}

/// A server that has one pending delivery in a partition that it owns.
struct Server {
    journal: Arc<MemoryJournal>,
    claims: Claims,
    claim: Claim,
    recorder: Recorder,
    reports: mpsc::Receiver<TaskReport>,
}

impl Server {
    async fn join(cluster: &MemoryCluster, faults: impl IntoIterator<Item = Fault>) -> Self {
        let link = Arc::new(Link(Mutex::new(faults.into_iter().collect())));
        let journal = Arc::new(cluster.node().behind(link));
        let claims = Claims::of(&journal.join_as("first").await.unwrap());
        let claimed = journal.claim(vec![PARTITION]).await.unwrap();
        claims.insert(&claimed);
        journal.append(event()).await.unwrap();
        let (sender, reports) = mpsc::channel(8);
        let recorder = Recorder::new(journal.clone(), claims.clone(), sender);
        Self { journal, claims, claim: claimed[0], recorder, reports }
    }

    /// Records a success, and waits until the recorder reports that it is done with it.
    async fn record(&mut self) {
        let attempt = Attempt {
            n: 1,
            at: Millis(20),
            status: Some(200),
            error: None,
            ms: 3,
            output: None,
            answer: None,
        };
        self.recorder.attempt(self.claim, Some(HOOK), DELIVERY, attempt, &Next::Delivered);
        self.recorder.flush();
        let report = self.reports.recv().await.unwrap();
        assert!(matches!(report, TaskReport::ResultsWritten(hooks) if hooks == [HOOK]));
    }

    /// How many deliveries are pending and delivered.
    async fn counts(&self) -> (u64, u64) {
        let account = self.journal.account().await.unwrap();
        (account.pending, account.delivered)
    }
}

fn event() -> NewEvent {
    let event = Event {
        id: EventId::from_number(10),
        name: EventName::trusted("photo-saved"),
        publisher: AppName::trusted("camera"),
        body: Bytes::from_static(b"{}"),
        headers: PublishHeaders::default(),
        time: Millis(10),
        lineage: Lineage::default(),
        provenance: Provenance::default(),
    };
    let deliveries = vec![NewDelivery { id: DELIVERY, hook_id: HOOK, partition: PARTITION }];
    NewEvent {
        event: Arc::new(event),
        deliveries,
        skipped: Vec::new(),
        key: None,
        registry: Version::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn results_are_written_once_although_the_database_is_away() {
    LocalSet::new()
        .run_until(async {
            let faults = [Fault::Lost, Fault::Lost, Fault::AnswerLost];
            let mut server = Server::join(&MemoryCluster::new(), faults).await;
            server.record().await;
            assert_eq!(server.counts().await, (0, 1));
            assert!(!server.recorder.is_overdue());
            assert_eq!(server.claims.get(PARTITION), Some(server.claim));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn results_of_a_partition_that_another_server_owns_are_dropped() {
    LocalSet::new()
        .run_until(async {
            let cluster = MemoryCluster::new();
            let mut server = Server::join(&cluster, []).await;
            let other = cluster.node();
            other.join_as("second").await.unwrap();
            server.journal.release(vec![server.claim]).await.unwrap();
            other.claim(vec![PARTITION]).await.unwrap();
            server.record().await;
            assert_eq!(server.counts().await, (1, 0));
            assert_eq!(server.claims.get(PARTITION), None, "the partition is given up");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_session_is_over_gives_up_all_partitions() {
    LocalSet::new()
        .run_until(async {
            let cluster = MemoryCluster::new();
            let mut server = Server::join(&cluster, [Fault::Lost]).await;
            let other = cluster.node();
            other.join_as("second").await.unwrap();
            let pulse = other.beat(EventId::from_number(1), Millis(0)).await.unwrap();
            let peer = &pulse.peers[0];
            other.bury(peer.session, peer.beat, Millis(0)).await.unwrap();
            server.record().await;
            assert_eq!(server.counts().await, (1, 0));
            assert!(server.claims.all().is_empty());
        })
        .await;
}
