//! The way between a server and its store, where a test can delay, refuse and lose calls.

use crate::JournalError;

/// The method behind a [`Call`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CallKind {
    /// `append`
    Append,
    /// `record`
    Record,
    /// `record_and_append`
    RecordAndAppend,
    /// `due`
    Due,
    /// `waiting`
    Waiting,
    /// `cancel`
    Cancel,
    /// `retry`, `retry_many`
    Retry,
    /// `replay`
    Replay,
    /// `start_exchange`
    StartExchange,
    /// `finish_exchange`
    FinishExchange,
    /// `record_exchange`, whose answer nobody awaits
    RecordExchange,
    /// `prune`
    Prune,
    /// `RegistryStore::apply`
    Apply,
    /// `RegistryStore::{load, since, deleted_hooks}`
    ReadRegistry,
    /// `History::event`
    ReadEvent,
    /// The other methods of `History`
    Read,
    /// `join`
    Join,
    /// `beat`
    Beat,
    /// `claim`, `release`
    Claim,
    /// `bury`
    Bury,
    /// `hint`, whose answer nobody awaits
    Hint,
    /// `leave`
    Leave,
    /// `close`
    Close,
}

impl CallKind {
    /// Returns true if the call may change something, so that a session which is over must not make it.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::ReadRegistry | Self::ReadEvent | Self::Read | Self::Join | Self::Close)
    }
}

/// Decides when a call takes effect and when its answer arrives.
pub trait Gate: Send + Sync {
    /// Passes a call on: [`Call::run`] it, at once or later, and [`Reply::deliver`] the answer. A call or a reply that is
    /// dropped answers [`JournalError::Stopped`].
    fn pass(&self, call: Call);
}

type Work = Box<dyn FnOnce(Option<JournalError>) -> Reply + Send>;

/// A call on its way to the store.
pub struct Call {
    kind: CallKind,
    work: Work,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Call").field(&self.kind).finish()
    }
}

impl Call {
    pub(super) fn new(kind: CallKind, work: Work) -> Self {
        Self { kind, work }
    }

    /// Which method was called.
    pub const fn kind(&self) -> CallKind {
        self.kind
    }

    /// Lets the call take effect.
    pub fn run(self) -> Reply {
        (self.work)(None)
    }

    /// Answers with an error. The call has no effect.
    pub fn refuse(self, error: JournalError) {
        (self.work)(Some(error)).deliver();
    }
}

/// An answer on its way to the server.
pub struct Reply(Box<dyn FnOnce(Option<JournalError>) + Send>);

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

impl Reply {
    pub(super) fn new(answer: impl FnOnce(Option<JournalError>) + Send + 'static) -> Self {
        Self(Box::new(answer))
    }

    /// Gives the answer to whoever awaits it.
    pub fn deliver(self) {
        (self.0)(None);
    }

    /// Gives an error instead of the answer, although the call took effect.
    pub fn lose(self, error: JournalError) {
        (self.0)(Some(error));
    }
}
