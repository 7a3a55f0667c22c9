//! The way between a server and its store, where a test can delay, refuse and lose calls.

use crate::JournalError;

/// The method behind a [`Call`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CallKind {
    /// A call of `append`.
    Append,
    /// A call of `record`.
    Record,
    /// A call of `record_and_append`.
    RecordAndAppend,
    /// A call of `due`.
    Due,
    /// A call of `waiting`.
    Waiting,
    /// A call of `cancel`.
    Cancel,
    /// A call of `retry`, `retry_many`.
    Retry,
    /// A call of `replay`.
    Replay,
    /// A call of `start_exchange`.
    StartExchange,
    /// A call of `finish_exchange`.
    FinishExchange,
    /// `record_exchange`, whose answer nobody awaits
    RecordExchange,
    /// A call of `create_job`, `step_job`, `end_job`.
    Job,
    /// A call of `put_view`, `delete_view`.
    PutView,
    /// A call of `audit`.
    Audit,
    /// A call of `add_traffic`, `add_credential_uses`.
    AddTraffic,
    /// A call of `prune`.
    Prune,
    /// A call of `RegistryStore::apply`.
    Apply,
    /// A call of `change_people`, `use_link`.
    ChangePeople,
    /// A call that reads the registry.
    ReadRegistry,
    /// A call of `History::event`.
    ReadEvent,
    /// The other methods of `History`
    Read,
    /// A call of `join`.
    Join,
    /// A call of `beat`.
    Beat,
    /// A call of `claim`, `release`.
    Claim,
    /// A call of `bury`.
    Bury,
    /// `hint`, whose answer nobody awaits
    Hint,
    /// A call of `leave`.
    Leave,
    /// A call of `close`.
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
