//! Watches every commit of the database, and checks what must hold at each.

use crate::disk::{StoredEvents, ready_now};
use crate::history::History;
use crate::time::TrueTime;
use footbridge_journal::memory::{CallKind, Commit, MemoryCluster};
use footbridge_journal::{Account, DeliveryFilter, Epoch, History as _, Page, Partition, Session};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::DeliveryId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The commit log. Clones share it.
#[derive(Clone)]
pub(super) struct Observer {
    log: Arc<Mutex<Log>>,
    history: History,
    now: TrueTime,
    database: MemoryCluster,
}

/// A session, as the commits tell it.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownSession {
    pub(super) node: usize,
    pub(super) process: u64,
    /// When its last beat was committed.
    last_beat: Duration,
    pub(super) over: Option<Duration>,
}

/// A session that another one has ended.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "for the messages")]
pub(super) struct BurialEntry {
    session: Session,
    node: usize,
    by: Session,
    pub(super) at: Duration,
    pub(super) last_beat: Duration,
}

/// What the commits so far add up to.
#[derive(Default)]
pub(super) struct Log {
    commits: u64,
    /// The session of the last commit.
    last_session: Session,
    pub(super) account: Account,
    statuses: BTreeMap<DeliveryId, DeliveryStatus>,
    /// How many deliveries have each status.
    counts: BTreeMap<&'static str, u64>,
    pub(super) sessions: BTreeMap<Session, KnownSession>,
    /// Sessions that another one has ended.
    pub(super) burials: Vec<BurialEntry>,
    /// When the process of a session was killed.
    pub(super) gone: BTreeMap<Session, Duration>,
    owners: BTreeMap<Partition, Session>,
    epochs: BTreeMap<Partition, Epoch>,
    horizon: u64,
}

impl Observer {
    pub(super) fn new(history: &History, now: &TrueTime, database: &MemoryCluster) -> Self {
        let database = database.clone();
        Self { log: Arc::default(), history: history.clone(), now: now.clone(), database }
    }

    /// Reads the events that are stored now, before retention deletes some.
    pub(super) fn stored_events(&self) -> StoredEvents {
        StoredEvents::of(&self.database.node())
    }

    /// Records what retention has deleted since.
    pub(super) fn pruned(&self, before: StoredEvents) {
        before.record_missing(&self.database.node(), &self.history);
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a rule was broken.
    pub(super) fn violation(&self, what: String) {
        self.history.record_violation(what);
    }

    /// How many commits there were.
    pub(super) fn commits(&self) -> u64 {
        self.log().commits
    }

    /// Takes a commit.
    pub(super) fn take(&self, commit: &Commit) {
        let now = self.now.now();
        let mut log = self.log();
        log.commits += 1;
        log.last_session = commit.session;
        log.one_writer(commit, now, &self.history);
        log.partitions(commit, &self.history);
        log.identity(commit, &self.history);
        log.horizon(commit, &self.history);
    }

    /// Notes that the last commit began the session of a process.
    pub(super) fn joined(&self, node: usize, process: u64) {
        let mut log = self.log();
        let (session, now) = (log.last_session, self.now.now());
        // A session that the same process had before is nobody's any more.
        let before =
            log.sessions.iter().filter(|(_, known)| known.process == process && known.over.is_none());
        let before: Vec<Session> = before.map(|(session, _)| *session).collect();
        log.gone.extend(before.into_iter().map(|session| (session, now)));
        log.sessions.insert(session, KnownSession { node, process, last_beat: now, over: None });
    }

    /// Notes that a process was killed.
    pub(super) fn killed(&self, process: u64) {
        self.history.record_crash();
        let (mut log, now) = (self.log(), self.now.now());
        let of_process =
            log.sessions.iter().filter(|(_, known)| known.process == process && known.over.is_none());
        let sessions: Vec<Session> = of_process.map(|(session, _)| *session).collect();
        log.gone.extend(sessions.into_iter().map(|session| (session, now)));
    }

    /// Reads the database anew: a failover has lost the latest commits.
    pub(super) fn reload(&self, database: &MemoryCluster) {
        let all = Page { before: None, limit: u32::MAX };
        let rows = ready_now(database.node().deliveries(DeliveryFilter::default(), all)).unwrap();
        let mut log = self.log();
        log.statuses = rows.into_iter().map(|row| (row.delivery.id, row.delivery.status)).collect();
        log.account = database.account();
        let mut counts = BTreeMap::new();
        for status in log.statuses.values() {
            *counts.entry(status.as_str()).or_default() += 1;
        }
        log.counts = counts;
        log.horizon = 0;
        // Who owns what, and what is over, may have been lost, too.
        log.epochs.clear();
        log.owners.clear();
        log.sessions.values_mut().for_each(|known| known.over = None);
    }
}

impl Log {
    /// Oracle "one writer": nothing that a session writes takes effect after its end.
    fn one_writer(&mut self, commit: &Commit, now: Duration, history: &History) {
        let over = self.sessions.get(&commit.session).and_then(|known| known.over);
        if let Some(over) = over {
            let kind = commit.kind;
            history.record_violation(format!(
                "{kind:?} of session {} took effect at {now:?}, but the session was over at {over:?}",
                commit.session
            ));
        }
        if let Some(known) = self.sessions.get_mut(&commit.session).filter(|_| commit.kind == CallKind::Beat)
        {
            known.last_beat = now;
        }
        let Some(session) = commit.changes.ended else { return };
        let Some(known) = self.sessions.get_mut(&session) else { return };
        known.over = Some(now);
        let (node, last_beat) = (known.node, known.last_beat);
        if commit.kind == CallKind::Bury {
            self.burials.push(BurialEntry { session, node, by: commit.session, at: now, last_beat });
        }
    }

    /// Oracle "partitions": a partition has one owner at a time, and its epoch only grows.
    fn partitions(&mut self, commit: &Commit, history: &History) {
        for partition in &commit.changes.released {
            self.owners.remove(partition);
        }
        if let Some(over) = commit.changes.ended {
            let kept = self.owners.iter().find(|(_, owner)| **owner == over);
            if let Some((partition, _)) = kept {
                history.record_violation(format!("session {over} is over and still owns {partition:?}"));
            }
        }
        for claim in &commit.changes.recorded {
            let counts = self.epochs.get(&claim.partition).is_none_or(|epoch| {
                *epoch == claim.epoch && self.owners.get(&claim.partition) == Some(&claim.session)
            });
            if !counts {
                history.record_violation(format!("a result was stored under an old claim: {claim:?}"));
            }
        }
        for claim in &commit.changes.claimed {
            let last = self.epochs.insert(claim.partition, claim.epoch);
            if last.is_some_and(|last| last > claim.epoch) {
                history.record_violation(format!("the epoch went back from {last:?}: {claim:?}"));
            }
            let owner = self.owners.insert(claim.partition, claim.session);
            if let Some(owner) = owner.filter(|owner| *owner != claim.session) {
                let is_over = self.sessions.get(&owner).is_none_or(|known| known.over.is_some());
                if !is_over {
                    history.record_violation(format!(
                        "{claim:?} was given, but session {owner} has the partition"
                    ));
                }
            }
        }
    }

    /// Oracle "identity": the account balances and equals the rows, at every commit.
    fn identity(&mut self, commit: &Commit, history: &History) {
        self.account = commit.account;
        if commit.changes.deliveries.is_empty() {
            return;
        }
        for (id, _, status) in &commit.changes.deliveries {
            if let Some(before) = self.statuses.insert(*id, *status) {
                *self.counts.entry(before.as_str()).or_default() -= 1;
            }
            *self.counts.entry(status.as_str()).or_default() += 1;
        }
        let same = |status: DeliveryStatus| {
            commit.account.count(status) == self.counts.get(status.as_str()).copied().unwrap_or(0)
        };
        if !commit.account.balances() || !DeliveryStatus::ALL.into_iter().all(same) {
            history.record_violation(format!("the account differs from the rows after {commit:?}"));
        }
    }

    /// Oracle "horizon": it never goes back, and no event is appended below it.
    fn horizon(&mut self, commit: &Commit, history: &History) {
        let below = commit.changes.events.iter().find(|event| event.number() < self.horizon);
        if let Some(event) = below {
            history.record_violation(format!("{event} was appended below the horizon {}", self.horizon));
        }
        if commit.horizon.number() < self.horizon {
            history.record_violation(format!(
                "the horizon went back from {} to {}",
                self.horizon, commit.horizon
            ));
        }
        self.horizon = commit.horizon.number();
    }
}
