//! What was said to the program and what it answered, kept outside of it: the oracle of the kill tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// How a publish ended, as its caller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Answered 200: it must arrive.
    Acked,
    /// Answered with an error: it must not arrive.
    Refused,
    /// No answer: it may or may not arrive.
    Unknown,
}

/// Every publish by the number its body carried, and every arrival by hook, number and event id.
#[derive(Debug, Default)]
pub struct Ledger {
    said: Mutex<BTreeMap<u64, (Fate, Option<String>)>>,
    heard: Mutex<BTreeMap<(String, u64), BTreeSet<String>>>,
}

impl Ledger {
    /// Notes how publish `n` ended and which event id it was given.
    pub fn said(&self, n: u64, fate: Fate, id: Option<String>) {
        self.said.lock().unwrap().insert(n, (fate, id));
    }

    /// Notes that `hook` received event `id` with number `n`.
    pub fn heard(&self, hook: &str, n: u64, id: &str) {
        self.heard.lock().unwrap().entry((hook.into(), n)).or_default().insert(id.into());
    }

    /// How many publishes ended with `fate`.
    pub fn count(&self, fate: Fate) -> usize {
        self.said.lock().unwrap().values().filter(|(known, _)| *known == fate).count()
    }

    /// The numbers that were acked and that `hook` has not received.
    pub fn missing(&self, hook: &str) -> Vec<u64> {
        let heard = self.heard.lock().unwrap();
        let said = self.said.lock().unwrap();
        said.iter()
            .filter(|(n, (fate, _))| *fate == Fate::Acked && !heard.contains_key(&(hook.to_owned(), **n)))
            .map(|(n, _)| *n)
            .collect()
    }

    /// Fails when something arrived that was refused or never said, or under another id than the acked one, or twice
    /// under two ids.
    #[track_caller]
    pub fn check_arrivals(&self) {
        let said = self.said.lock().unwrap();
        for ((hook, n), ids) in self.heard.lock().unwrap().iter() {
            assert_eq!(ids.len(), 1, "publish {n} reached {hook} under several ids: {ids:?}");
            let (fate, acked) = said.get(n).unwrap_or_else(|| panic!("{n} was never published"));
            assert_ne!(*fate, Fate::Refused, "publish {n} was refused and reached {hook}");
            if let Some(acked) = acked {
                assert!(
                    ids.contains(acked),
                    "publish {n} was acked as {acked} and reached {hook} as {ids:?}"
                );
            }
        }
    }
}
