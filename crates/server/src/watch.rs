//! What a connection is doing and since when, so that a sweep can end those that take too long. A
//! timer for each request would cost more than the request.

use crate::tunnel::Tunnel;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// From its first byte to the end of a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// The whole body.
const BODY: Duration = Duration::from_secs(30);
/// After this long a body must have come at [`SLOWEST`] or faster.
const BODY_GRACE: Duration = Duration::from_secs(5);
/// Bytes a second.
const SLOWEST: u64 = 1024;
/// Between requests, the rest of an answer being read included.
const IDLE: Duration = Duration::from_mins(1);
/// After this much more it is ended although its client has not read the whole answer.
const UNREAD: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Body(u64),
    Busy,
    /// An answer that ends when it ends.
    Stream(Length),
}

/// How long the answer to a client that has gone away may still take: one that only says that it will
/// send nothing more cannot be told from one that is gone, and gets what comes at once.
const GONE: Duration = Duration::from_secs(1);

/// How long an answer that flows may be expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// It has an end, though nobody knows when.
    Finite,
    /// It goes on for as long as somebody listens: at the server's end it is not waited for.
    Endless,
    /// As that, and whoever makes it ends it when the server closes, not when it begins to drain.
    UntilClose,
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// After the request under way, if any.
    Graceful,
    /// At once.
    Now,
}

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Watch {
    phase: Cell<Phase>,
    since: Cell<Instant>,
    end: Cell<Option<End>>,
    ended: Notify,
    heeds: Cell<bool>,
    gone: Cell<Option<Instant>>,
    tunnel: RefCell<Option<Tunnel>>,
}

impl Watch {
    fn new() -> Self {
        let (phase, since) = (Cell::new(Phase::Idle), Cell::new(Instant::now()));
        Self {
            phase,
            since,
            end: Cell::new(None),
            ended: Notify::new(),
            heeds: Cell::new(false),
            gone: Cell::new(None),
            tunnel: RefCell::new(None),
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// Bytes came in.
    pub(crate) fn bytes_came(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// The head is complete.
    pub(crate) fn request(&self) {
        self.phase.set(Phase::Busy);
    }

    /// The body is being read.
    pub(crate) fn body_begins(&self) {
        self.enter(Phase::Body(0));
    }

    /// Some of it came.
    pub(crate) fn body_came(&self, bytes: usize) {
        if let Phase::Body(so_far) = self.phase.get() {
            self.phase.set(Phase::Body(so_far + bytes as u64));
        }
    }

    /// All of it came.
    pub(crate) fn body_ends(&self) {
        self.phase.set(Phase::Busy);
    }

    /// The answer is ready to be written, or begins to flow.
    pub(crate) fn answered(&self) {
        if !matches!(self.phase.get(), Phase::Stream(_)) {
            self.heeds.set(false);
            self.enter(Phase::Idle);
        }
    }

    /// The answer begins to flow and ends when it ends.
    pub(crate) fn stream_begins(&self, length: Length) {
        self.heed_client();
        self.enter(Phase::Stream(length));
    }

    /// The answer has ended.
    pub(crate) fn stream_ends(&self) {
        self.heeds.set(false);
        self.enter(Phase::Idle);
    }

    /// Whoever works on this request wants to know when its client goes away.
    pub(crate) fn heed_client(&self) {
        if !self.heeds.replace(true) {
            self.gone.set(None);
        }
    }

    /// Whether it matters that the client goes away.
    pub(crate) fn heeds_client(&self) -> bool {
        self.heeds.get() && self.gone.get().is_none()
    }

    /// The client will send nothing more.
    pub(crate) fn client_gone(&self) {
        self.gone.set(Some(Instant::now()));
    }

    /// What the connection becomes once its answer is written.
    pub(crate) fn set_tunnel(&self, tunnel: Tunnel) {
        *self.tunnel.borrow_mut() = Some(tunnel);
    }

    /// What the connection has become.
    pub(crate) fn take_tunnel(&self) -> Option<Tunnel> {
        let tunnel = self.tunnel.borrow_mut().take();
        if tunnel.is_some() {
            self.enter(Phase::Stream(Length::Endless));
        }
        tunnel
    }

    /// Waits until the connection is to end.
    pub(crate) async fn ended(&self) -> End {
        loop {
            if let Some(end) = self.end.take() {
                return end;
            }
            self.ended.notified().await;
        }
    }

    fn order(&self, end: End) {
        self.end.set(Some(end));
        self.ended.notify_one();
    }

    fn sweep(&self, now: Instant, draining: bool) {
        let spent = now.duration_since(self.since.get());
        if self.heeds.get() && self.gone.get().is_some_and(|gone| now.duration_since(gone) > GONE) {
            self.order(End::Now);
        }
        match self.phase.get() {
            Phase::Head if spent > HEAD => self.order(End::Now),
            Phase::Body(_) if spent > BODY => self.order(End::Now),
            Phase::Body(bytes) if spent > BODY_GRACE && bytes < spent.as_secs() * SLOWEST => {
                self.order(End::Now);
            }
            Phase::Stream(Length::Endless) if draining => self.order(End::Now),
            Phase::Idle if spent > IDLE + UNREAD => self.order(End::Now),
            Phase::Idle if spent > IDLE => self.order(End::Graceful),
            _ => {}
        }
    }
}

/// The connections of one shard.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    open: RefCell<HashMap<u64, Rc<Watch>>>,
    next: Cell<u64>,
}

impl Watches {
    /// Watches a new connection until the guard is dropped.
    pub(crate) fn open(self: &Rc<Self>) -> Watched {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        let watch = Rc::new(Watch::new());
        self.open.borrow_mut().insert(id, Rc::clone(&watch));
        Watched { id, watch, all: Rc::clone(self) }
    }

    /// Ends those that take too long, and, once the server drains, those that would never end.
    pub(crate) fn sweep(&self, draining: bool) {
        let now = Instant::now();
        for watch in self.open.borrow().values() {
            watch.sweep(now, draining);
        }
    }

    /// Ends all once what is under way has been answered.
    pub(crate) fn end_all(&self) {
        for watch in self.open.borrow().values() {
            watch.order(End::Graceful);
        }
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.borrow().len()
    }
}

/// A connection under watch.
#[derive(Debug)]
pub(crate) struct Watched {
    id: u64,
    pub(crate) watch: Rc<Watch>,
    all: Rc<Watches>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.all.open.borrow_mut().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order_after(watch: &Watch, wait: Duration) -> Option<End> {
        watch.sweep(Instant::now() + wait, false);
        watch.end.take()
    }

    #[test]
    fn a_stream_has_no_deadline_and_what_follows_it_has() {
        let watch = Watch::new();
        watch.bytes_came();
        watch.request();
        watch.stream_begins(Length::Endless);
        watch.answered();
        watch.bytes_came();
        assert_eq!(order_after(&watch, Duration::from_hours(100)), None);
        watch.stream_ends();
        assert_eq!(order_after(&watch, IDLE / 2), None);
        assert_eq!(order_after(&watch, IDLE * 2), Some(End::Now));
    }

    #[test]
    fn a_client_that_has_gone_gets_what_comes_at_once() {
        let watch = Watch::new();
        watch.request();
        assert!(!watch.heeds_client(), "most requests do not ask");
        watch.heed_client();
        assert!(watch.heeds_client());
        watch.client_gone();
        assert_eq!(order_after(&watch, GONE / 2), None);
        assert_eq!(order_after(&watch, GONE * 2), Some(End::Now));
        watch.answered();
        assert_eq!(order_after(&watch, GONE * 2), None, "the next request on the connection is another");
    }
}
