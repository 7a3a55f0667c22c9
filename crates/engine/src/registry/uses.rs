//! Counters of the uses of credentials. Counting takes no lock and no allocation.

use super::spec::SecretKind;
use footbridge_model::app::AppSecrets;
use footbridge_model::rotation::SecretVersion;
use footbridge_model::time::Millis;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The uses of one value of a credential since the server has started.
#[derive(Debug)]
pub(crate) struct UseCounter {
    pub(crate) kind: SecretKind,
    /// The number of the value.
    pub(crate) uses_id: u64,
    count: AtomicU64,
    last_at: AtomicI64,
    /// The part of `count` that is stored.
    saved: AtomicU64,
}

impl UseCounter {
    fn new(kind: SecretKind, uses_id: u64) -> Self {
        let (count, last_at, saved) = (AtomicU64::new(0), AtomicI64::new(i64::MIN), AtomicU64::new(0));
        Self { kind, uses_id, count, last_at, saved }
    }

    /// Counts one use of the value.
    pub(crate) fn add(&self, now: Millis) {
        // Written once in a millisecond only, and before the count: whoever reads the count sees the time.
        if self.last_at.load(Ordering::Relaxed) < now.0 {
            self.last_at.store(now.0, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Release);
    }

    /// The uses so far, and how many of them are not stored.
    pub(crate) fn counted(&self) -> (u64, u64) {
        let count = self.count.load(Ordering::Acquire);
        (count, count.saturating_sub(self.saved.load(Ordering::Acquire)))
    }

    /// The time of the last use.
    pub(crate) fn last_at(&self) -> Millis {
        Millis(self.last_at.load(Ordering::Relaxed))
    }

    /// Notes that the first `count` uses are stored.
    pub(crate) fn set_saved(&self, count: u64) {
        self.saved.store(count, Ordering::Release);
    }
}

/// The counters of an app, by kind and number. They survive changes of the app.
#[derive(Debug, Default)]
pub(super) struct UseCounters(Mutex<Vec<Weak<UseCounter>>>);

impl UseCounters {
    /// The counters of these secrets. Secrets that the app had before keep theirs.
    pub(super) fn of(&self, secrets: &AppSecrets) -> EntryUses {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|counter| counter.strong_count() > 0);
        let mut counter = |kind: SecretKind, uses_id: u64| {
            let same = |counter: &Arc<UseCounter>| counter.kind == kind && counter.uses_id == uses_id;
            known.iter().filter_map(Weak::upgrade).find(same).unwrap_or_else(|| {
                let new = Arc::new(UseCounter::new(kind, uses_id));
                known.push(Arc::downgrade(&new));
                new
            })
        };
        EntryUses {
            token: secrets.token.uses_ids().map(|id| counter(SecretKind::Token, id)).collect(),
            secret_key: secrets.secret_key.uses_ids().map(|id| counter(SecretKind::SecretKey, id)).collect(),
        }
    }
}

/// The counters of the versions of an app's secrets, in the order of the versions.
#[derive(Debug)]
pub(crate) struct EntryUses {
    token: Vec<Arc<UseCounter>>,
    secret_key: Vec<Arc<UseCounter>>,
}

impl EntryUses {
    /// The counters of the versions of a secret.
    pub(crate) const fn of(&self, kind: SecretKind) -> &Vec<Arc<UseCounter>> {
        match kind {
            SecretKind::Token => &self.token,
            SecretKind::SecretKey => &self.secret_key,
        }
    }

    /// Counts a use of a version.
    pub(crate) fn add(&self, kind: SecretKind, version: SecretVersion, now: Millis) {
        if let Some(counter) = self.of(kind).get(version.age()) {
            counter.add(now);
        }
    }

    /// The counters of all versions of both kinds.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<UseCounter>> {
        self.token.iter().chain(&self.secret_key)
    }
}
