//! The stores in memory obey the laws, and the contract suite catches those that do not.

use super::*;
use crate::contract::{self, Shared, Subject};
use crate::{Journal as _, JournalError, RegistryStore as _};
use std::sync::{Arc, Mutex};

struct InMemory(MemoryJournal);

impl Subject for InMemory {
    type Store = MemoryJournal;

    fn store(&self) -> &MemoryJournal {
        &self.0
    }

    async fn restart(&mut self) {
        self.0 = self.0.reopened();
    }
}

impl Shared for MemoryCluster {
    type Node = MemoryJournal;

    async fn node(&self) -> MemoryJournal {
        Self::node(self)
    }
}

#[tokio::test]
async fn a_store_of_one_server_obeys_the_contract() {
    contract::run_all(async || InMemory(MemoryJournal::new())).await;
}

#[tokio::test]
async fn a_store_of_several_servers_obeys_the_contract() {
    contract::run_shared(async || MemoryCluster::new()).await;
}

/// A gate that lets everything through.
struct Open;

impl Gate for Open {
    fn pass(&self, call: Call) {
        call.run().deliver();
    }
}

#[tokio::test]
async fn it_obeys_the_contract_behind_a_gate() {
    struct Gated(MemoryJournal);

    impl Subject for Gated {
        type Store = MemoryJournal;

        fn store(&self) -> &MemoryJournal {
            &self.0
        }

        async fn restart(&mut self) {
            self.0 = self.0.reopened().behind(Arc::new(Open));
        }
    }
    contract::run_all(async || Gated(MemoryJournal::new().behind(Arc::new(Open)))).await;
}

/// True if the suite for one server, or that for several, catches the mutant.
fn is_caught(mutant: Mutant) -> bool {
    let run = |suite: fn(Mutant) -> std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(suite(mutant)))).is_err()
    };
    run(|mutant| Box::pin(contract::run_all(async move || InMemory(MemoryJournal::new().broken(mutant)))))
        || run(|mutant| {
            Box::pin(contract::run_shared(async move || {
                let cluster = MemoryCluster::new();
                cluster.break_law(mutant);
                cluster
            }))
        })
}

#[test]
fn the_suite_catches_every_broken_law() {
    std::panic::set_hook(Box::new(|_| {}));
    let missed: Vec<_> = Mutant::ALL.into_iter().filter(|mutant| !is_caught(*mutant)).collect();
    drop(std::panic::take_hook());
    assert_eq!(missed, []);
}

#[tokio::test]
async fn a_call_can_be_refused_and_its_answer_lost() {
    /// Refuses the first call, and loses the answer of the second.
    struct Faulty(Mutex<u32>);

    impl Gate for Faulty {
        fn pass(&self, call: Call) {
            let mut count = self.0.lock().unwrap();
            *count += 1;
            let unavailable =
                |maybe_stored| JournalError::Unavailable { reason: "cut".to_owned(), maybe_stored };
            match *count {
                1 => call.refuse(unavailable(false)),
                2 => call.run().lose(unavailable(true)),
                _ => call.run().deliver(),
            }
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let journal = MemoryJournal::new().behind(Arc::new(Faulty(Mutex::new(0))));
    let commits = Arc::clone(&seen);
    journal.observe(move |commit| commits.lock().unwrap().push(commit.kind));
    let change = || crate::RegistryChange::Put(crate::RegistryBatch::default());
    let version = crate::Version::default();
    let unavailable =
        |maybe_stored| Err(JournalError::Unavailable { reason: "cut".to_owned(), maybe_stored });
    assert_eq!(journal.apply(change(), version).await, unavailable(false));
    assert_eq!(journal.apply(change(), version).await, unavailable(true));
    assert_eq!(journal.load().await.unwrap().version, version.next(), "it took effect");
    assert_eq!(*seen.lock().unwrap(), [CallKind::Apply]);
}

#[tokio::test]
async fn stops_on_request() {
    let journal = MemoryJournal::new();
    let stopped = tokio::spawn(journal.stopped());
    tokio::task::yield_now().await;
    journal.stop("the disk is gone");
    assert_eq!(stopped.await.unwrap(), Ok("the disk is gone".to_owned()));
    assert_eq!(journal.load().await.err(), Some(JournalError::Stopped("the disk is gone".to_owned())));
}
