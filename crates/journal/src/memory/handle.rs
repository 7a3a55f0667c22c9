//! A server's handle on a store in memory.

use super::gate::{Call, CallKind, Gate, Reply};
use super::mutant::Mutant;
use super::state::State;
use crate::{Account, Claim, JournalError, Partition, Session, Wait};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::id::{DeliveryId, EventId};
use std::fmt;
use std::future::{poll_fn, ready};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use tokio::sync::oneshot;

/// A server's handle on a store in memory: a store of its own, or a node of a [`MemoryCluster`](super::MemoryCluster).
///
/// Without a [`Gate`] every call takes effect at once and its `Wait` is ready.
pub struct MemoryJournal {
    inner: Arc<Inner>,
    gate: Option<Arc<dyn Gate>>,
}

pub(super) struct Inner {
    base: Arc<Base>,
    session: AtomicU64,
    closed: AtomicBool,
}

/// The database, and who watches it.
#[derive(Default)]
pub(super) struct Base {
    pub(super) shared: Mutex<Shared>,
    observer: Mutex<Option<Observer>>,
}

#[derive(Default)]
pub(super) struct Shared {
    pub(super) state: State,
    refusal: Option<JournalError>,
    stopped: Option<String>,
    watchers: Vec<Waker>,
}

type Observer = Box<dyn FnMut(&Commit) + Send>;

/// A write that took effect.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The session that wrote.
    pub session: Session,
    /// The method that was called.
    pub kind: CallKind,
    /// The rows that the write has changed.
    pub changes: Changes,
    /// The horizon after it.
    pub horizon: EventId,
    /// The account after it.
    pub account: Account,
}

/// The rows that a write has changed.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Events that were appended.
    pub events: Vec<EventId>,
    /// Deliveries whose status was set, in order: from which status (`None` for new ones) to which.
    pub deliveries: Vec<(DeliveryId, Option<DeliveryStatus>, DeliveryStatus)>,
    /// The claims under which results were stored.
    pub recorded: Vec<Claim>,
    /// Claims that were given.
    pub claimed: Vec<Claim>,
    /// Partitions that lost their owner.
    pub released: Vec<Partition>,
    /// The session that is over since.
    pub ended: Option<Session>,
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryJournal")
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryJournal {
    /// An empty exclusive store.
    pub fn new() -> Self {
        let state = State { exclusive: true, ..State::default() };
        Self::on(Arc::new(Base::with(state)))
    }

    pub(super) fn on(base: Arc<Base>) -> Self {
        let inner = Inner { base, session: AtomicU64::new(0), closed: AtomicBool::new(false) };
        Self { inner: Arc::new(inner), gate: None }
    }

    /// The store that a server finds which starts after this one ended, however it ended.
    #[must_use]
    pub fn reopened(&self) -> Self {
        let state = self.lock().state.after_restart();
        Self::on(Arc::new(Base::with(state)))
    }

    /// The same handle behind a gate, through which all of its calls go.
    #[must_use]
    pub fn behind(self, gate: Arc<dyn Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// The same handle without its gate.
    #[must_use]
    pub fn ungated(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), gate: None }
    }

    /// A store that breaks a law, for a test of the contract suite.
    #[must_use]
    pub fn broken(self, mutant: Mutant) -> Self {
        self.lock().state.mutant = Some(mutant);
        self
    }

    /// Fails every append with this error from now on; `None` ends that.
    pub fn refuse_appends(&self, with: Option<JournalError>) {
        self.lock().refusal = with;
    }

    /// Stops by itself, as after an I/O error: every later call fails.
    pub fn stop(&self, reason: &str) {
        let mut shared = self.lock();
        shared.stopped = Some(reason.to_owned());
        let watchers = std::mem::take(&mut shared.watchers);
        drop(shared);
        watchers.into_iter().for_each(Waker::wake);
    }

    /// Calls `observer` after each write that took effect.
    pub fn observe(&self, observer: impl FnMut(&Commit) + Send + 'static) {
        self.inner.base.observe(Box::new(observer));
    }

    /// Returns the account as of now, past any gate.
    pub fn account_now(&self) -> Account {
        self.lock().state.account
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.inner.lock()
    }

    pub(super) fn session(&self) -> Session {
        self.inner.session()
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Makes a call with the present session.
    pub(super) fn call<T, W>(&self, kind: CallKind, work: W) -> Wait<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut State, Session) -> Result<T, JournalError> + Send + 'static,
    {
        let (inner, session) = (Arc::clone(&self.inner), self.session());
        let Some(gate) = &self.gate else { return Box::pin(ready(inner.perform(kind, session, work))) };
        let (answer, answered) = oneshot::channel();
        gate.pass(Call::new(
            kind,
            Box::new(move |refusal| {
                let result = refusal.map_or_else(|| inner.perform(kind, session, work), Err);
                Reply::new(move |lost| drop(answer.send(lost.map_or(result, Err))))
            }),
        ));
        Box::pin(async move {
            answered.await.unwrap_or_else(|_| Err(JournalError::Stopped("it is gone".to_owned())))
        })
    }

    pub(super) fn when_stopped(&self) -> Wait<String> {
        let inner = Arc::clone(&self.inner);
        Box::pin(poll_fn(move |context| {
            let mut shared = inner.lock();
            if let Some(reason) = &shared.stopped {
                return Poll::Ready(Ok(reason.clone()));
            }
            shared.watchers.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

impl Base {
    fn with(state: State) -> Self {
        Self { shared: Mutex::new(Shared { state, ..Shared::default() }), ..Self::default() }
    }

    pub(super) fn observe(&self, observer: Observer) {
        *self.observer.lock().unwrap_or_else(PoisonError::into_inner) = Some(observer);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self, commit: &Commit) {
        if let Some(observer) = &mut *self.observer.lock().unwrap_or_else(PoisonError::into_inner) {
            observer(commit);
        }
    }
}

impl Inner {
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.base.lock()
    }

    pub(super) fn session(&self) -> Session {
        Session(self.session.load(Ordering::Relaxed))
    }

    pub(super) fn set_session(&self, session: Session) {
        self.session.store(session.0, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn perform<T>(
        &self,
        kind: CallKind,
        session: Session,
        work: impl FnOnce(&mut State, Session) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut shared = self.lock();
        if kind == CallKind::Close {
            self.close();
        } else if self.closed.load(Ordering::Relaxed) {
            return Err(JournalError::Stopped("it was closed".to_owned()));
        }
        if let Some(reason) = &shared.stopped {
            return Err(JournalError::Stopped(reason.clone()));
        }
        if let Some(error) = shared.refusal.clone().filter(|_| kind == CallKind::Append) {
            return Err(error);
        }
        if kind.writes() {
            shared.state.check_session(session)?;
        }
        let result = work(&mut shared.state, session);
        let changes = shared.state.take_changes();
        let (horizon, account) = (shared.state.horizon(), shared.state.account);
        drop(shared);
        if result.is_ok() && (kind.writes() || kind == CallKind::Join) {
            let session = if kind == CallKind::Join { self.session() } else { session };
            self.base.committed(&Commit { session, kind, changes, horizon, account });
        }
        result
    }
}
