//! Two servers over one store: an engine, and a server of which the test makes the calls.

use super::kit::run_on;
use footbridge_journal::memory::{Call, CallKind, Gate, MemoryCluster};
use footbridge_journal::{Cluster as _, JournalError, NodeCard, Partition};
use footbridge_model::id::EventId;
use footbridge_model::time::Millis;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The connection of the engine to the database.
#[derive(Default)]
struct Link {
    /// No call reaches the database.
    is_down: AtomicBool,
    /// Claims take effect, and their answers are lost.
    loses_claims: AtomicBool,
}

impl Gate for Link {
    fn pass(&self, call: Call) {
        let unavailable = |maybe_stored| JournalError::Unavailable { reason: "cut".to_owned(), maybe_stored };
        if self.is_down.load(Ordering::Relaxed) {
            call.refuse(unavailable(false));
        } else if call.kind() == CallKind::Claim && self.loses_claims.load(Ordering::Relaxed) {
            call.run().lose(unavailable(true));
        } else {
            call.run().deliver();
        }
    }
}

/// Lets a second server join after `trouble`, which ends then, and checks that it gets its share of the partitions.
fn a_second_server_gets_its_partitions(trouble: impl AsyncFnOnce(&Link)) {
    let (cluster, link) = (MemoryCluster::new(), Arc::new(Link::default()));
    run_on(cluster.node().behind(link.clone()), |world| async move {
        let _engine = world;
        trouble(&link).await;
        let second = cluster.node();
        second.join(NodeCard::default(), Millis(0)).await.unwrap();
        link.is_down.store(false, Ordering::Relaxed);
        link.loses_claims.store(false, Ordering::Relaxed);
        let mut gained = Vec::new();
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            second.beat(EventId::from_number(1), Millis(0)).await.unwrap();
            gained = second.claim(Partition::fixed().collect()).await.unwrap();
        }
        assert!((60..200).contains(&gained.len()), "the second server got {} partitions", gained.len());
    });
}

#[test]
fn partitions_forgotten_in_an_outage_go_to_a_server_that_joins_after_it() {
    a_second_server_gets_its_partitions(async |link| {
        tokio::time::sleep(Duration::from_secs(3)).await;
        link.is_down.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(12)).await;
    });
}

#[test]
fn partitions_whose_claim_was_not_answered_go_to_a_server_that_joins_after_it() {
    a_second_server_gets_its_partitions(async |link| {
        link.loses_claims.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(3)).await;
    });
}
