//! Keeps this server's session alive, and takes and gives partitions.

use super::hints::HintQueue;
use super::lease::{HOLD_FOR, Lease};
use super::peers::PeerWatch;
use super::placement;
use crate::claims::Claims;
use crate::lanes::Lanes;
use crate::registry::AppRegistry;
use crate::watermark::Watermark;
use footbridge_journal::{
    BeatNumber, Burial, Claim, Cluster, Hint, Journal, JournalError, Partition, Pulse, Session,
};
use footbridge_model::time::Clock;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

/// How often a beat is sent.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// The most beats that wait for their answers.
const MOST_BEATS: usize = 16;
/// The most partitions that are given away at once, so that a new server does not stop the deliveries of all the
/// others.
const MOST_MOVES: usize = 8;
/// How long hints are collected before they are sent.
const COLLECT: Duration = Duration::from_millis(20);
/// How often the store is asked for deliveries of which no hint came.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The pause before something that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// The server has left the store.
    Left,
    /// Another server has ended the session. Nothing that this engine writes takes effect any more: build another one.
    Lost,
}

/// A rule that simulations break on purpose, to prove that they notice.
#[cfg(feature = "test")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenRule {
    /// Ends sessions that were silent while the store could not be reached.
    EndsSessionsAfterAnOutage,
    /// Counts the lease from the answer to a beat.
    CountsTheLeaseFromTheAnswer,
    /// Sends whatever the lease says.
    IgnoresTheLease,
}

/// What a membership works with.
pub(crate) struct MembershipOptions {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watermark: Arc<Watermark>,
    pub(crate) lanes: Lanes,
    pub(crate) claims: Claims,
    pub(crate) lease: Arc<Lease>,
    pub(crate) hints: Arc<HintQueue>,
    /// Turns true once the server has left.
    pub(crate) left: watch::Receiver<bool>,
}

/// The membership of this server; must run beside the dispatcher.
pub struct Membership {
    options: MembershipOptions,
    /// Partitions that are given away once nothing of them is in flight.
    leaving: Mutex<BTreeSet<Partition>>,
    /// Partitions that may be this session's in the store, with or without a claim here: a claim whose answer was lost took
    /// effect perhaps, and a lease that ended without a burial leaves the partitions to their session.
    held: Mutex<BTreeSet<Partition>>,
    #[cfg(feature = "test")]
    broken: Option<BrokenRule>,
}

impl std::fmt::Debug for Membership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membership").field("session", &self.session()).finish_non_exhaustive()
    }
}

/// The answer to a beat, and the sessions to end.
type Answered = (Pulse, Vec<(Session, BeatNumber)>);

impl Membership {
    pub(crate) fn new(options: MembershipOptions) -> Self {
        Self {
            options,
            leaving: Mutex::default(),
            held: Mutex::default(),
            #[cfg(feature = "test")]
            broken: None,
        }
    }

    /// Breaks a rule from now on.
    #[cfg(feature = "test")]
    pub fn break_rule(&mut self, rule: BrokenRule) {
        if rule == BrokenRule::IgnoresTheLease {
            self.options.lease.confirm_for_ever();
        }
        self.broken = Some(rule);
    }

    /// Runs until the session is over. Returns at the end of the server only, if the store admits one session.
    pub async fn run(self) -> SessionEnd {
        let mut left = self.options.left.clone();
        let has_left = async {
            // Without an engine nobody needs the session.
            let _ = left.wait_for(|left| *left).await;
        };
        if self.options.claims.is_exclusive() {
            has_left.await;
            return SessionEnd::Left;
        }
        let this = Arc::new(self);
        let (pulses, pulse) = watch::channel(None);
        let end = tokio::select! {
            biased;
            () = has_left => SessionEnd::Left,
            () = this.beat(pulses) => SessionEnd::Lost,
            () = this.follow(pulse) => SessionEnd::Lost,
            () = this.receive_hints() => SessionEnd::Lost,
            () = this.send_hints() => SessionEnd::Lost,
            () = this.look_now_and_then() => SessionEnd::Lost,
        };
        // Nothing is sent for the partitions of a session that is over, and their apps end.
        this.options.claims.clear();
        end
    }

    /// Beats until the session is over.
    async fn beat(&self, pulses: watch::Sender<Option<Answered>>) {
        let MembershipOptions { lease, claims, clock, .. } = &self.options;
        let (mut peers, mut beats) = (PeerWatch::default(), JoinSet::new());
        let mut tick = tokio::time::interval(BEAT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = BeatNumber::default();
        loop {
            tokio::select! {
                biased;
                Some(Ok((sent, answer))) = beats.join_next() => match answer {
                    Ok(Ok(pulse)) => {
                        lease.confirm(self.counted_from(sent));
                        let pulse: Pulse = pulse;
                        if pulse.number > last {
                            last = pulse.number;
                            self.forgive(&mut peers);
                            let silent = peers.observe(&pulse.peers, Instant::now());
                            pulses.send_replace(Some((pulse, silent)));
                        }
                    }
                    Ok(Err(JournalError::Fenced)) => return,
                    Ok(Err(error)) => tracing::debug!(%error, "a beat did not reach the store"),
                    Err(_) => tracing::debug!("a beat was not answered"),
                },
                _ = tick.tick() => {
                    let sent = clock.elapsed();
                    if !lease.holds() && claims.clear() {
                        tracing::warn!("no beat reached the store for {HOLD_FOR:?}: this server forgets its partitions");
                    }
                    if beats.len() < MOST_BEATS {
                        let answer = self.beat_once();
                        beats.spawn(async move { (sent, tokio::time::timeout(HOLD_FOR, answer).await) });
                    }
                }
            }
        }
    }

    fn session(&self) -> Session {
        self.options.claims.session()
    }

    fn beat_once(&self) -> footbridge_journal::Wait<Pulse> {
        let MembershipOptions { cluster, watermark, clock, .. } = &self.options;
        let now = clock.now();
        cluster.beat(watermark.floor(now), now)
    }

    /// From when a lease counts.
    #[cfg_attr(not(feature = "test"), expect(clippy::unused_self, reason = "a rule that tests break"))]
    fn counted_from(&self, sent: Duration) -> Duration {
        #[cfg(feature = "test")]
        if self.broken == Some(BrokenRule::CountsTheLeaseFromTheAnswer) {
            return self.options.clock.elapsed();
        }
        sent
    }

    /// Lets the watch believe that this server's beats were never interrupted, where that rule is broken.
    #[cfg_attr(not(feature = "test"), expect(clippy::unused_self, reason = "a rule that tests break"))]
    fn forgive(&self, peers: &mut PeerWatch) {
        #[cfg(feature = "test")]
        if self.broken == Some(BrokenRule::EndsSessionsAfterAnOutage) {
            peers.forget_interruptions();
        }
        let _ = peers;
    }

    /// Follows the answers: the registry's changes, sessions to end, partitions to take and to give. Returns once the
    /// session is over.
    async fn follow(self: &Arc<Self>, mut pulses: watch::Receiver<Option<Answered>>) {
        while pulses.changed().await.is_ok() {
            let Some((pulse, silent)) = pulses.borrow_and_update().clone() else { continue };
            match self.act_on(&pulse, &silent).await {
                Err(JournalError::Fenced) => return,
                Err(error) => tracing::debug!(%error, "the store cannot be used at the moment"),
                Ok(()) => {}
            }
        }
        std::future::pending::<()>().await;
    }

    async fn act_on(
        self: &Arc<Self>,
        pulse: &Pulse,
        silent: &[(Session, BeatNumber)],
    ) -> Result<(), JournalError> {
        let MembershipOptions { cluster, registry, clock, .. } = &self.options;
        if pulse.version > registry.version() {
            registry.catch_up().await?;
        }
        let mut living: Vec<Session> =
            pulse.peers.iter().map(|peer| peer.session).chain([self.session()]).collect();
        for (silent, seen) in silent {
            match cluster.bury(*silent, *seen, clock.now()).await? {
                Burial::Buried(ended) => {
                    living.retain(|session| session != silent);
                    let (hooks, exchanges) = (ended.hooks, ended.exchanges);
                    tracing::warn!(session = %silent, hooks, exchanges, "another server was silent: its session is over");
                }
                Burial::AlreadyOver => living.retain(|session| session != silent),
                Burial::StillBeating => {}
            }
        }
        self.take(&living).await?;
        self.give(&living);
        Ok(())
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, BTreeSet<Partition>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ours(&self, partition: Partition, living: &[Session]) -> bool {
        placement::owner(partition, living) == Some(self.session())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeSet<Partition>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partitions to claim: those that this server should own, and those that the session may own without knowing its
    /// claim. Nobody else can get the latter before they are [given](Self::give) away.
    fn missing(&self, living: &[Session]) -> Vec<Partition> {
        let MembershipOptions { claims, registry, .. } = &self.options;
        let (leaving, held) = (self.leaving(), self.held());
        let ours = registry.partitions().into_iter().filter(|partition| self.is_ours(*partition, living));
        let wanted: BTreeSet<Partition> = ours.chain(held.iter().copied()).collect();
        wanted
            .into_iter()
            .filter(|partition| claims.get(*partition).is_none() && !leaving.contains(partition))
            .collect()
    }

    /// Claims the [missing](Self::missing) partitions.
    async fn take(&self, living: &[Session]) -> Result<(), JournalError> {
        let MembershipOptions { cluster, claims, .. } = &self.options;
        let partitions = self.missing(living);
        if partitions.is_empty() {
            return Ok(());
        }
        self.held().extend(&partitions);
        let gained = cluster.claim(partitions.clone()).await?;
        {
            let mut held = self.held();
            for partition in &partitions {
                held.remove(partition);
            }
            held.extend(gained.iter().map(|claim| claim.partition));
        }
        claims.insert(&gained);
        self.look(gained).await
    }

    /// Gives away some of the partitions that another server should own.
    fn give(self: &Arc<Self>, living: &[Session]) {
        let claims = &self.options.claims;
        let mut given: Vec<Claim> = Vec::new();
        {
            let mut leaving = self.leaving();
            let room = MOST_MOVES.saturating_sub(leaving.len());
            let others = claims.all().into_iter().filter(|claim| !self.is_ours(claim.partition, living));
            for claim in others.take(room) {
                claims.remove(claim.partition);
                leaving.insert(claim.partition);
                given.push(claim);
            }
        }
        if given.is_empty() {
            return;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move { this.hand_over(given).await });
    }

    /// Releases partitions once nothing of them is in flight and every result is recorded.
    async fn hand_over(&self, given: Vec<Claim>) {
        self.options.lanes.hand_over(given.iter().map(|claim| claim.partition).collect()).await;
        loop {
            match self.options.cluster.release(given.clone()).await {
                Ok(()) | Err(JournalError::Fenced) => break,
                Err(error) => {
                    tracing::debug!(%error, "partitions could not be given away yet");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        let (mut leaving, mut held) = (self.leaving(), self.held());
        for claim in &given {
            leaving.remove(&claim.partition);
            held.remove(&claim.partition);
        }
    }

    /// Wakes the hooks of these partitions that have pending deliveries.
    async fn look(&self, claims: Vec<Claim>) -> Result<(), JournalError> {
        let MembershipOptions { journal, registry, lanes, .. } = &self.options;
        if claims.is_empty() {
            return Ok(());
        }
        let waiting = journal.waiting(claims).await?;
        let is_unknown = |hook| !registry.knows_hook(hook);
        if waiting.iter().any(|hook| is_unknown(*hook)) {
            // A hook is stored before its deliveries are.
            registry.catch_up().await?;
        }
        lanes.wake(waiting.into_iter().filter(|hook| !is_unknown(*hook)));
        Ok(())
    }

    /// Looks for deliveries whose hint was lost. Returns once the session is over.
    async fn look_now_and_then(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look(self.options.claims.all()).await {
                Err(JournalError::Fenced) => return,
                Err(error) => tracing::debug!(%error, "the store cannot be used at the moment"),
                Ok(()) => {}
            }
        }
    }

    /// Follows the hints of other servers. Returns once the session is over.
    async fn receive_hints(&self) {
        let MembershipOptions { cluster, registry, lanes, claims, .. } = &self.options;
        loop {
            let hints = match cluster.hints().await {
                Ok(hints) => hints,
                Err(JournalError::Fenced) => return,
                Err(error) => {
                    tracing::debug!(%error, "hints of other servers cannot be received");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            let newest = hints.hints.iter().map(|hint| hint.version).max();
            let caught_up = match newest {
                Some(version) if version > registry.version() => registry.catch_up().await,
                _ => Ok(()),
            };
            let looked = if hints.lost { self.look(claims.all()).await } else { Ok(()) };
            if [caught_up, looked].contains(&Err(JournalError::Fenced)) {
                return;
            }
            let hooks = hints.hints.iter().flat_map(|hint| &hint.hooks);
            let ours = hooks
                .filter(|(partition, hook)| claims.get(*partition).is_some() && registry.knows_hook(*hook));
            lanes.wake(ours.map(|(_, hook)| *hook));
        }
    }

    /// Sends hints to the other servers, forever.
    async fn send_hints(&self) {
        let MembershipOptions { cluster, registry, clock, watermark, hints, .. } = &self.options;
        loop {
            hints.added().await;
            tokio::time::sleep(COLLECT).await;
            let (version, floor) = (registry.version(), watermark.floor(clock.now()));
            cluster.hint(Hint { version, floor, hooks: hints.take() });
        }
    }
}
