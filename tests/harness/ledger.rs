//! A record of publishes and deliveries outside the program: the oracle of the kill tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The result of a publish, as its caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishResult {
    /// Answered with 200: the event must arrive.
    Acked,
    /// Answered with an error: the event must not arrive.
    Refused,
    /// Not answered: the event may or may not arrive.
    Unknown,
}

/// All publishes by the number in their body, and all arrivals by hook, number and event id.
#[derive(Debug, Default)]
pub struct Ledger {
    published: Mutex<BTreeMap<u64, (PublishResult, Option<String>)>>,
    received: Mutex<BTreeMap<(String, u64), BTreeSet<String>>>,
}

impl Ledger {
    /// Records the result of publish `n` and the event id of its answer.
    pub fn record_publish(&self, n: u64, result: PublishResult, id: Option<String>) {
        self.published.lock().unwrap().insert(n, (result, id));
    }

    /// Records that `hook` received event `id` with number `n`.
    pub fn record_arrival(&self, hook: &str, n: u64, id: &str) {
        self.received.lock().unwrap().entry((hook.into(), n)).or_default().insert(id.into());
    }

    /// The number of publishes with this result.
    pub fn count(&self, result: PublishResult) -> usize {
        self.published.lock().unwrap().values().filter(|(known, _)| *known == result).count()
    }

    /// The numbers of acked publishes that `hook` has not received.
    pub fn missing(&self, hook: &str) -> Vec<u64> {
        let received = self.received.lock().unwrap();
        let published = self.published.lock().unwrap();
        published
            .iter()
            .filter(|(n, (result, _))| {
                *result == PublishResult::Acked && !received.contains_key(&(hook.to_owned(), **n))
            })
            .map(|(n, _)| *n)
            .collect()
    }

    /// Fails the test if an arrival was refused or never published, or if its event id differs from the acked one or
    /// between two arrivals.
    #[track_caller]
    pub fn check_arrivals(&self) {
        let published = self.published.lock().unwrap();
        for ((hook, n), ids) in self.received.lock().unwrap().iter() {
            assert_eq!(ids.len(), 1, "publish {n} reached {hook} under several ids: {ids:?}");
            let (result, acked) = published.get(n).unwrap_or_else(|| panic!("{n} was never published"));
            assert_ne!(*result, PublishResult::Refused, "publish {n} was refused and reached {hook}");
            if let Some(acked) = acked {
                assert!(
                    ids.contains(acked),
                    "publish {n} was acked as {acked} and reached {hook} as {ids:?}"
                );
            }
        }
    }
}
