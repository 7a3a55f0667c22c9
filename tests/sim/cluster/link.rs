//! The connection of a node to the database: slow, cut, and losing requests and answers.

use super::observer::Observer;
use super::plan::{Broken, ClusterPlan, DatabaseFaultKind, NodeFaultKind};
use crate::network::SendRule;
use crate::plan::ATTEMPT;
use crate::receiver_faults::Condition;
use crate::rng::Rng;
use crate::time::{Time, TrueTime};
use footbridge_engine::SEND_FOR;
use footbridge_journal::memory::{Call, CallKind, Gate, Reply};
use footbridge_journal::{ANSWER_WITHIN, JournalError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a call without an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call may wait for its connection. Together with the longest latencies and [`TIMEOUT`] this is less than
/// [`ANSWER_WITHIN`].
const QUEUED_FOR: Duration = Duration::from_secs(2);
/// The connection of beats and partitions.
const BEATS: usize = 0;
/// How long a send may take to reach its receiver, if nothing cuts that off.
const TRANSIT: Duration = Duration::from_millis(200);

/// A connection of one process. Calls on it take effect in order.
struct Connection {
    calls: Mutex<Vec<(Duration, Call)>>,
    added: Notify,
    rng: Mutex<Rng>,
}

impl Connection {
    fn new(rng: Rng) -> Self {
        Self { calls: Mutex::default(), added: Notify::new(), rng: Mutex::new(rng) }
    }

    fn rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<(Duration, Call)> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The connections of one process to the database.
pub(super) struct Link {
    node: usize,
    process: u64,
    plan: Arc<ClusterPlan>,
    now: TrueTime,
    /// The clock of the node.
    time: Time,
    observer: Observer,
    broken: Broken,
    /// Beats and partitions; everything else.
    connections: [Connection; 2],
    /// When the last confirmed beat was sent, in milliseconds of the node's clock.
    confirmed: AtomicU64,
    /// When the process was last continued after a freeze.
    thawed: AtomicU64,
}

/// The process of a node that uses a link.
#[derive(Clone, Copy)]
pub(super) struct LinkOwner {
    pub(super) node: usize,
    pub(super) process: u64,
}

/// An answer on its way to the process.
struct Answer {
    /// When the call was sent.
    sent: Duration,
    /// True if the call was a beat that the database has committed.
    confirms: bool,
    reply: Reply,
}

/// The fate of a group of calls.
enum Way {
    Through,
    /// Refused at once.
    Refused,
    /// Never answered; does not reach the database.
    Swallowed,
}

impl Link {
    pub(super) fn new(
        owner: LinkOwner,
        plan: &Arc<ClusterPlan>,
        now: &TrueTime,
        time: &Time,
        observer: &Observer,
        broken: Broken,
    ) -> Arc<Self> {
        let LinkOwner { node, process } = owner;
        let connection = |number| Connection::new(Rng::of(plan.seed(), &[30, process, number]));
        Arc::new(Self {
            node,
            process,
            plan: Arc::clone(plan),
            now: now.clone(),
            time: time.clone(),
            observer: observer.clone(),
            broken,
            connections: [connection(0), connection(1)],
            confirmed: AtomicU64::new(millis(time.passed())),
            thawed: AtomicU64::new(0),
        })
    }

    /// Notes that the process goes on after a freeze.
    pub(super) fn thaw(&self) {
        self.thawed.store(millis(self.time.passed()), Ordering::Relaxed);
    }

    /// Passes the calls of connection `number` on, until it is dropped.
    pub(super) async fn work(self: Arc<Self>, number: usize) {
        let connection = &self.connections[number];
        loop {
            let group = self.refuse_late(connection.take());
            if group.is_empty() {
                connection.added.notified().await;
                continue;
            }
            let (there, back) = self.latency(number, &mut connection.rng());
            tokio::time::sleep(there).await;
            let way = self.way(number, &mut connection.rng());
            match way {
                Way::Refused => self.refuse(group, "the database refuses connections", false),
                Way::Swallowed => {
                    tokio::time::sleep(TIMEOUT).await;
                    self.refuse(group, "the database did not answer", true);
                }
                Way::Through => {
                    let withheld = self.withholds_answers();
                    let answers: Vec<_> =
                        group.into_iter().map(|(sent, call)| self.execute(sent, call)).collect();
                    tokio::time::sleep(back).await;
                    let lost = connection.rng().within(0..1000) < self.lost(self.plan.lost_answers);
                    if withheld
                        || lost
                        || !matches!(self.reach(number), Way::Through)
                        || self.withholds_answers()
                    {
                        tokio::time::sleep(TIMEOUT).await;
                        for Answer { sent, reply, .. } in answers {
                            self.answered(sent);
                            reply.lose(unavailable("the answer was lost", true));
                        }
                    } else {
                        self.deliver(answers);
                    }
                }
            }
        }
    }

    /// Refuses the calls that have waited for too long, and returns the others.
    fn refuse_late(&self, group: Vec<(Duration, Call)>) -> Vec<(Duration, Call)> {
        let now = self.time.passed();
        let (late, group) = group.into_iter().partition(|(sent, _)| now.saturating_sub(*sent) > QUEUED_FOR);
        self.refuse(late, "no connection was free", false);
        group
    }

    /// Checks that a call which was sent at `sent` is answered in time. A frozen process sees no answer.
    fn answered(&self, sent: Duration) {
        let (now, thawed) = (self.time.passed(), self.thawed.load(Ordering::Relaxed));
        if now.saturating_sub(sent) > ANSWER_WITHIN && thawed < millis(sent) {
            self.observer
                .violation(format!("a call of node {} at {sent:?} is answered at {now:?}", self.node));
        }
    }

    /// Executes a call, and returns its answer.
    fn execute(&self, sent: Duration, call: Call) -> Answer {
        let is_beat = matches!(call.kind(), CallKind::Beat | CallKind::Join);
        let before = self.observer.commits();
        let joins = call.kind() == CallKind::Join;
        let prunes = (call.kind() == CallKind::Prune).then(|| self.observer.stored_events());
        let reply = call.run();
        if let Some(before) = prunes {
            self.observer.pruned(before);
        }
        let is_confirmed = is_beat && self.observer.commits() > before;
        if joins && is_confirmed {
            self.observer.joined(self.node, self.process);
        }
        Answer { sent, confirms: is_confirmed, reply }
    }

    fn refuse(&self, group: Vec<(Duration, Call)>, reason: &str, maybe_stored: bool) {
        for (sent, call) in group {
            self.answered(sent);
            if self.broken.drops_results && call.kind() == CallKind::Record {
                // So that the engine drops them.
                call.refuse(JournalError::Conflict("results are dropped"));
            } else {
                call.refuse(unavailable(reason, maybe_stored));
            }
        }
    }

    fn deliver(&self, answers: Vec<Answer>) {
        for Answer { sent, confirms, reply } in answers {
            self.answered(sent);
            if confirms {
                self.confirmed.fetch_max(millis(sent), Ordering::Relaxed);
            }
            reply.deliver();
        }
    }

    /// Executes some of the calls that were on their way when the process was killed.
    pub(super) fn abandon(&self) {
        for (number, connection) in self.connections.iter().enumerate() {
            for (_, call) in connection.take() {
                if connection.rng().percent(50) && matches!(self.reach(number), Way::Through) {
                    drop(call.run());
                }
            }
        }
    }

    fn latency(&self, number: usize, rng: &mut Rng) -> (Duration, Duration) {
        match self.plan.database_fault(self.now.now()).map(|fault| fault.kind) {
            Some(DatabaseFaultKind::SlowBeats(most)) if number == BEATS => {
                (rng.millis(0..most), rng.millis(0..most))
            }
            Some(DatabaseFaultKind::Slow(most)) => (rng.millis(0..most), rng.millis(0..most)),
            _ => (rng.millis(1..8), rng.millis(0..6)),
        }
    }

    fn lost(&self, of_thousand: u64) -> u64 {
        if self.now.now() < self.plan.base.faults_end { of_thousand } else { 0 }
    }

    /// How the database can be reached at present.
    fn reach(&self, number: usize) -> Way {
        let now = self.now.now();
        let is_down =
            self.plan.database_fault(now).is_some_and(|fault| fault.kind == DatabaseFaultKind::Down);
        let has_fault = |kind| self.plan.fault(self.node, kind, now).is_some();
        if has_fault(NodeFaultKind::Cut) || number == BEATS && has_fault(NodeFaultKind::CutBeats) {
            return Way::Swallowed;
        }
        if is_down { Way::Refused } else { Way::Through }
    }

    fn way(&self, number: usize, rng: &mut Rng) -> Way {
        match self.reach(number) {
            Way::Through if rng.within(0..1000) < self.lost(self.plan.lost_requests) => Way::Swallowed,
            way => way,
        }
    }

    /// True while the database commits without a standby that confirms.
    fn withholds_answers(&self) -> bool {
        let fault = self.plan.database_fault(self.now.now());
        fault.is_some_and(|fault| matches!(fault.kind, DatabaseFaultKind::Failover(_)))
    }
}

/// Sends that were started before a freeze are let through.
impl SendRule for Link {
    fn forbids_sending(&self) -> Option<String> {
        let now = self.time.passed();
        let age = now.saturating_sub(Duration::from_millis(self.confirmed.load(Ordering::Relaxed)));
        let mut phases = self.plan.base.receivers.iter().flatten();
        let cut_off = phases.any(|phase| phase.condition == Condition::Away);
        let most = SEND_FOR + if cut_off { ATTEMPT } else { TRANSIT };
        let thawed = Duration::from_millis(self.thawed.load(Ordering::Relaxed));
        let just_thawed = thawed > Duration::ZERO && now.saturating_sub(thawed) < ATTEMPT + TRANSIT;
        (age > most && !just_thawed).then(|| {
            format!("node {} sends at {now:?}, {age:?} after its last confirmed beat was sent", self.node)
        })
    }
}

impl Gate for Link {
    fn pass(&self, call: Call) {
        let number = match call.kind() {
            CallKind::Join
            | CallKind::Beat
            | CallKind::Claim
            | CallKind::Bury
            | CallKind::Hint
            | CallKind::Leave => BEATS,
            _ => 1 - BEATS,
        };
        let connection = &self.connections[number];
        if call.kind() == CallKind::Hint && connection.rng().percent(15) {
            // Hints may be lost at any time.
            return;
        }
        if call.kind() == CallKind::Bury && self.broken.never_buries {
            call.refuse(unavailable("nobody ends a session", false));
            return;
        }
        let sent = self.time.passed();
        connection.calls.lock().unwrap_or_else(PoisonError::into_inner).push((sent, call));
        connection.added.notify_one();
    }
}

fn unavailable(reason: &str, maybe_stored: bool) -> JournalError {
    JournalError::Unavailable { reason: reason.to_owned(), maybe_stored }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}
