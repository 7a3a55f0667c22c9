//! Sessions and their partitions.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::mutant::Mutant;
use super::state::State;
use crate::{
    BeatNumber, Burial, Claim, Cluster, Ended, EndedHook, Epoch, Hint, Hints, Joined, JournalError, NodeCard,
    Partition, Peer, Pulse, RegistryChange, Session, Wait,
};
use footbridge_model::exchange::{ExchangeFailure, ExchangeFailureKind, ExchangeOutcome};
use footbridge_model::hook::Lifetime;
use footbridge_model::id::{EventId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::time::{Clock, Millis};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// How long the record of an exchange whose outcome is unknown stays.
const KEEP_CUT_OFF: Duration = Duration::from_hours(24);
/// The most hints that wait for a session.
const HINTS: usize = 64;
/// The most ended hooks that are named.
const NAMED: usize = 50;

/// Sessions and owners of partitions.
#[derive(Clone, Default)]
pub(super) struct Members {
    sessions: BTreeMap<Session, Member>,
    last: Session,
    partitions: BTreeMap<Partition, Owner>,
    horizon: u64,
    /// The latest time that a call has named.
    latest: Millis,
    /// The clock of the database, if a test has set one.
    pub(super) clock: Option<Arc<dyn Clock>>,
}

#[derive(Clone)]
struct Owner {
    session: Option<Session>,
    epoch: Epoch,
}

#[derive(Clone)]
struct Member {
    node: NodeCard,
    source: u16,
    beat: BeatNumber,
    /// The session appends nothing below this id.
    floor: u64,
    hints: VecDeque<Hint>,
    lost: bool,
    waker: Option<Waker>,
}

impl Members {
    /// No session lives any more.
    pub(super) fn end_all(&mut self) {
        self.sessions.clear();
        self.partitions.values_mut().for_each(|owner| owner.session = None);
    }

    fn now(&self) -> Millis {
        self.clock.as_ref().map_or(self.latest, |clock| clock.now())
    }

    fn source(&self) -> u16 {
        let taken = |source: &u16| self.sessions.values().any(|member| member.source == *source);
        (0..1024).find(|source| !taken(source)).unwrap_or(0)
    }

    fn raise_horizon(&mut self, mutant: Option<Mutant>) {
        let floors = self.sessions.values().map(|member| member.floor);
        let lowest = match mutant {
            Some(Mutant::HorizonIgnoresTheSilent) => floors.max(),
            _ => floors.min(),
        };
        if let Some(lowest) = lowest {
            let back = mutant == Some(Mutant::HorizonGoesBack);
            self.horizon = if back { lowest } else { self.horizon.max(lowest) };
        }
    }
}

impl State {
    /// Fails when the session is over. An exclusive store is not asked: its only session ends with it.
    pub(super) fn check_session(&self, session: Session) -> Result<(), JournalError> {
        let lives = self.exclusive || self.members.sessions.contains_key(&session);
        if lives || self.breaks(Mutant::FenceUnchecked) { Ok(()) } else { Err(JournalError::Fenced) }
    }

    /// True if the claim counts.
    pub(super) fn holds(&self, session: Session, claim: Claim) -> bool {
        if self.breaks(Mutant::ClaimUnchecked) || self.breaks(Mutant::TwoOwners) {
            return true;
        }
        claim.session == session
            && (self.exclusive
                || self
                    .members
                    .partitions
                    .get(&claim.partition)
                    .is_some_and(|owner| owner.session == Some(session) && owner.epoch == claim.epoch))
    }

    pub(super) fn check_claim(&self, session: Session, claim: Claim) -> Result<(), JournalError> {
        if self.holds(session, claim) { Ok(()) } else { Err(JournalError::Fenced) }
    }

    pub(super) fn horizon(&self) -> EventId {
        EventId::from_number(if self.exclusive { u64::MAX } else { self.members.horizon })
    }

    fn join(&mut self, node: NodeCard, now: Millis) -> Result<Joined, JournalError> {
        let alone = self.members.sessions.is_empty();
        if self.exclusive && !alone && !self.breaks(Mutant::AdmitsASecond) {
            return Err(JournalError::Conflict("the database serves one server, which has joined already"));
        }
        let ended = if alone { self.end_everything(now)? } else { Ended::default() };
        let back = self.breaks(Mutant::HorizonGoesBack);
        let members = &mut self.members;
        members.latest = members.latest.max(now);
        members.last = Session(members.last.0 + 1);
        let (session, source) = (members.last, members.source());
        let floor = if back { 0 } else { members.horizon };
        let member = Member {
            node,
            source,
            beat: BeatNumber(0),
            floor,
            hints: VecDeque::new(),
            lost: false,
            waker: None,
        };
        members.sessions.insert(session, member);
        members.raise_horizon(self.mutant);
        let highest_id = self.highest_id.max(self.members.horizon);
        Ok(Joined { session, source, highest_id, alone, exclusive: self.exclusive, ended })
    }

    /// Ends what no session carries on any more.
    fn end_everything(&mut self, now: Millis) -> Result<Ended, JournalError> {
        self.members.end_all();
        let transient = |state: &Self| -> Vec<HookId> {
            let hooks = state.hooks.values().filter(|stored| !stored.deleted);
            let hooks = hooks.filter(|stored| stored.hook.lifetime == Lifetime::Transient);
            hooks.map(|stored| stored.hook.id).collect()
        };
        let mut ended = self.end_transient(transient(self))?;
        ended.exchanges = self.cut_off(now, |_| true);
        Ok(ended)
    }

    fn end_transient(&mut self, hooks: Vec<HookId>) -> Result<Ended, JournalError> {
        let mut ended = Ended { hooks: hooks.len() as u64, ..Ended::default() };
        let of_apps = hooks.iter().filter_map(|id| self.hooks.get(id)).map(|stored| &stored.hook);
        let named = of_apps.filter(|hook| hook.app != AppName::bolt()).take(NAMED);
        ended.named =
            named.map(|hook| EndedHook { app: hook.app.clone(), pattern: hook.pattern.clone() }).collect();
        if !hooks.is_empty() {
            self.apply(RegistryChange::DeleteHooks { hooks, reason: "hook gone" })?;
        }
        Ok(ended)
    }

    /// Fails the running exchanges of sessions that are over, and returns how many there were.
    fn cut_off(&mut self, now: Millis, of: impl Fn(Session) -> bool) -> u64 {
        let mut cut_off = 0;
        let running = self.exchanges.values_mut().filter(|exchange| exchange.record.ending.is_none());
        for exchange in running.filter(|exchange| of(exchange.session)) {
            let message = "the outcome is unknown: the server ended while the exchange was running";
            let failure = ExchangeFailure::new(ExchangeFailureKind::NoAnswer, message);
            let ms = exchange.record.head.at.until(now).as_millis();
            exchange.record.ms = Some(u32::try_from(ms).unwrap_or(u32::MAX));
            exchange.record.ending = Some(ExchangeOutcome::Failed(failure));
            exchange.keep_answer_until = Some(now.plus(KEEP_CUT_OFF));
            cut_off += 1;
        }
        cut_off
    }

    fn beat(&mut self, session: Session, floor: EventId, now: Millis) -> Result<Pulse, JournalError> {
        let mutant = self.mutant;
        self.members.latest = self.members.latest.max(now);
        let members = &mut self.members;
        let member = members.sessions.get_mut(&session).ok_or(JournalError::Fenced)?;
        member.beat = BeatNumber(member.beat.0 + 1);
        member.floor = member.floor.max(floor.number());
        let number = member.beat;
        members.raise_horizon(mutant);
        let others = members.sessions.iter().filter(|(other, _)| **other != session);
        let peer = |(session, member): (&Session, &Member)| Peer {
            session: *session,
            node: member.node.clone(),
            beat: member.beat,
        };
        let peers = others.map(peer).collect();
        Ok(Pulse { number, clock: members.now(), version: self.version, horizon: self.horizon(), peers })
    }

    fn claim(&mut self, session: Session, partitions: Vec<Partition>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let takes = self.breaks(Mutant::TwoOwners);
        for partition in partitions {
            if self.exclusive {
                claims.push(Claim::exclusive(session, partition));
                continue;
            }
            let free = Owner { session: None, epoch: Epoch(0) };
            let owner = self.members.partitions.entry(partition).or_insert(free);
            if owner.session.is_none() || takes && owner.session != Some(session) {
                *owner = Owner { session: Some(session), epoch: Epoch(owner.epoch.0 + 1) };
                let claim = Claim { session, partition, epoch: owner.epoch };
                claims.push(claim);
                self.changes.claimed.push(claim);
            } else if owner.session == Some(session) {
                claims.push(Claim { session, partition, epoch: owner.epoch });
            }
        }
        claims
    }

    fn release(&mut self, session: Session, claims: &[Claim]) {
        for claim in claims {
            if self.holds(session, *claim)
                && let Some(owner) = self.members.partitions.get_mut(&claim.partition)
            {
                owner.session = None;
                self.changes.released.push(claim.partition);
            }
        }
    }

    fn bury(&mut self, session: Session, seen: BeatNumber, now: Millis) -> Result<Burial, JournalError> {
        self.members.latest = self.members.latest.max(now);
        let blind = self.breaks(Mutant::BuriesTheLiving);
        match self.members.sessions.get(&session) {
            None => Ok(Burial::AlreadyOver),
            Some(member) if member.beat != seen && !blind => Ok(Burial::StillBeating),
            Some(_) => self.end_session(session, now).map(Burial::Buried),
        }
    }

    /// Ends a session. The transient hooks of the installed apps that it ran end with it.
    fn end_session(&mut self, session: Session, now: Millis) -> Result<Ended, JournalError> {
        self.members.sessions.remove(&session);
        self.changes.ended = Some(session);
        let owned = |partition: Partition| {
            self.members.partitions.get(&partition).is_some_and(|owner| owner.session == Some(session))
        };
        let ran = |name: &AppName| {
            let app = self.apps.get(name).filter(|app| app.package.is_some());
            app.is_some_and(|app| owned(Partition::of_installed(app.generation)))
        };
        let hooks = self.hooks.values().filter(|stored| !stored.deleted).map(|stored| &stored.hook);
        let hooks = hooks.filter(|hook| hook.lifetime == Lifetime::Transient && ran(&hook.app));
        let hooks = hooks.map(|hook| hook.id).collect();
        if !self.breaks(Mutant::BurialKeepsPartitions) {
            let owned =
                self.members.partitions.iter_mut().filter(|(_, owner)| owner.session == Some(session));
            for (partition, owner) in owned {
                owner.session = None;
                self.changes.released.push(*partition);
            }
        }
        let mut ended = self.end_transient(hooks)?;
        ended.exchanges = self.cut_off(now, |of| of == session);
        self.members.raise_horizon(self.mutant);
        Ok(ended)
    }

    fn hint(&mut self, session: Session, hint: &Hint) -> Vec<Waker> {
        let others = self.members.sessions.iter_mut().filter(|(other, _)| **other != session);
        let mut wakers = Vec::new();
        for (_, member) in others {
            if member.hints.len() < HINTS {
                member.hints.push_back(hint.clone());
            } else {
                member.lost = true;
            }
            wakers.extend(member.waker.take());
        }
        wakers
    }
}

impl Cluster for MemoryJournal {
    fn join(&self, node: NodeCard, now: Millis) -> Wait<Joined> {
        let inner = Arc::clone(self.inner());
        self.call(CallKind::Join, move |state, _| {
            let joined = state.join(node, now)?;
            inner.set_session(joined.session);
            Ok(joined)
        })
    }

    fn beat(&self, floor: EventId, now: Millis) -> Wait<Pulse> {
        self.call(CallKind::Beat, move |state, session| state.beat(session, floor, now))
    }

    fn claim(&self, partitions: Vec<Partition>) -> Wait<Vec<Claim>> {
        self.call(CallKind::Claim, move |state, session| Ok(state.claim(session, partitions)))
    }

    fn release(&self, claims: Vec<Claim>) -> Wait<()> {
        self.call(CallKind::Claim, move |state, session| {
            state.release(session, &claims);
            Ok(())
        })
    }

    fn bury(&self, session: Session, seen: BeatNumber, now: Millis) -> Wait<Burial> {
        self.call(CallKind::Bury, move |state, _| state.bury(session, seen, now))
    }

    fn hint(&self, hint: Hint) {
        drop(self.call(CallKind::Hint, move |state, session| {
            state.hint(session, &hint).into_iter().for_each(Waker::wake);
            Ok(())
        }));
    }

    fn hints(&self) -> Wait<Hints> {
        let inner = Arc::clone(self.inner());
        Box::pin(poll_fn(move |context| {
            let session = inner.session();
            let mut shared = inner.lock();
            let Some(member) = shared.state.members.sessions.get_mut(&session) else {
                return Poll::Ready(Err(JournalError::Fenced));
            };
            if member.hints.is_empty() && !member.lost {
                member.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            let (hints, lost) = (std::mem::take(&mut member.hints), std::mem::take(&mut member.lost));
            Poll::Ready(Ok(Hints { hints: hints.into(), lost }))
        }))
    }

    fn leave(&self) -> Wait<()> {
        self.call(CallKind::Leave, |state, session| {
            let now = state.members.now();
            state.end_session(session, now).map(drop)
        })
    }
}
