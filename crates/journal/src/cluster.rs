//! The port through which servers share a store: who lives, who owns which partition.

use crate::{BeatNumber, Claim, Partition, Session, Version, Wait};
use footbridge_model::id::{EventId, HookId};
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use footbridge_model::time::Millis;
use std::time::Duration;

/// The longest time from a call until its answer, in a store that servers share.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A server as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeCard {
    /// The name of the server, for operators.
    pub name: String,
    /// The URL at which the other servers reach it.
    pub address: Option<String>,
}

/// The outcome of [`Cluster::join`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// The session that has begun.
    pub session: Session,
    /// The source of the session's ids; no other living session has it.
    pub source: u16,
    /// The highest number of any id so far. New ids must lie above it.
    pub highest_id: u64,
    /// True if no other session lived. Then the transient hooks of all sessions have ended, and their running
    /// exchanges have failed.
    pub alone: bool,
    /// True if the session owns every partition, and no other session can join.
    pub exclusive: bool,
    /// Hooks and exchanges that ended with the sessions before.
    pub ended: Ended,
}

/// Hooks and exchanges that ended with their sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Number of transient hooks.
    pub hooks: u64,
    /// The first of the transient hooks that apps had made.
    pub named: Vec<EndedHook>,
    /// Number of running exchanges. Their outcome is unknown.
    pub exchanges: u64,
}

/// A transient hook that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedHook {
    /// The app that had made the hook.
    pub app: AppName,
    /// The pattern that the hook listened for.
    pub pattern: Pattern,
}

/// The answer to a beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// The number of this beat.
    pub number: BeatNumber,
    /// The database's time of day; the caller's in an exclusive store.
    pub clock: Millis,
    /// The present version of the registry.
    pub version: Version,
    /// High watermark of the cluster: no session adds an event below it. Never goes back.
    pub horizon: EventId,
    /// The other living sessions.
    pub peers: Vec<Peer>,
}

/// Another session that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The number of the session.
    pub session: Session,
    /// The server whose session it is.
    pub node: NodeCard,
    /// The number of the session's latest beat.
    pub beat: BeatNumber,
}

/// The outcome of [`Cluster::bury`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Burial {
    /// The session is over. Nothing it writes takes effect any more, and its partitions are free.
    Buried(Ended),
    /// The session has sent another beat since.
    StillBeating,
    /// The session was over already.
    AlreadyOver,
}

/// News for the other sessions. A hint only saves waiting: whatever it says can be read from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The registry's version that the sender knows.
    pub version: Version,
    /// The sender's floor: it adds no event below it.
    pub floor: EventId,
    /// Hooks with new deliveries.
    pub hooks: Vec<(Partition, HookId)>,
}

/// The outcome of [`Cluster::hints`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// The hints, oldest first of each sender.
    pub hints: Vec<Hint>,
    /// True if some were lost: read the store.
    pub lost: bool,
}

/// Membership of a store. A handle is one server: after [`join`](Self::join) all of its writes belong to its session.
pub trait Cluster: Send + Sync {
    /// Begins a session. A handle whose session is over may join again. Fails with
    /// [`Conflict`](crate::JournalError::Conflict) when the store admits one session only.
    fn join(&self, node: NodeCard, now: Millis) -> Wait<Joined>;

    /// Reports that the session lives. `floor` is the lowest id that the session may still append.
    fn beat(&self, floor: EventId, now: Millis) -> Wait<Pulse>;

    /// Takes those of these partitions that have no owner, and returns the claims on them. Partitions that the session
    /// owns already are among them, with their present epoch.
    fn claim(&self, partitions: Vec<Partition>) -> Wait<Vec<Claim>>;

    /// Gives partitions back. Everything of them must be recorded before.
    fn release(&self, claims: Vec<Claim>) -> Wait<()>;

    /// Ends the session of a server that has stopped, if its latest beat still is `seen`.
    fn bury(&self, session: Session, seen: BeatNumber, now: Millis) -> Wait<Burial>;

    /// Sends a hint to the other sessions. Never waits; hints may be lost.
    fn hint(&self, hint: Hint);

    /// Waits for hints of other sessions.
    fn hints(&self) -> Wait<Hints>;

    /// Ends the session: its partitions are free at once.
    fn leave(&self) -> Wait<()>;
}
