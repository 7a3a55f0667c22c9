//! The connections of one thread to the apps on this machine.
//!
//! A Node app closes idle connections after five seconds by default, but the host that runs it here keeps them open for an
//! hour. Any other app may close one earlier; its request is then sent on a new connection.

use super::body::{BodyGuard, RelayBody};
use hyper::client::conn::http1::SendRequest;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The longest time that a connection stays idle.
const MAX_IDLE_TIME: Duration = Duration::from_secs(30);
/// How long an app may take to read the rest of a request that it has answered.
const MAX_UNREAD_TIME: Duration = Duration::from_secs(10);
/// The most idle connections to one app.
const MAX_IDLE: usize = 64;
/// The pause between two sweeps while there are connections.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// A connection that was idle for less is used again without asking the reactor whether the app has closed it.
const FRESH: Duration = Duration::from_millis(20);

/// An open connection. Dropping it closes the socket at once, even in the middle of a request.
#[derive(Debug)]
pub(super) struct RelayConnection {
    pub(super) sender: SendRequest<RelayBody>,
    task: JoinHandle<()>,
    /// The number of open connections of the pool.
    open: Rc<Cell<usize>>,
}

impl Drop for RelayConnection {
    fn drop(&mut self) {
        self.task.abort();
        let open = self.open.get();
        debug_assert!(open > 0, "more connections are closed than were opened");
        self.open.set(open.saturating_sub(1));
    }
}

#[derive(Debug)]
struct IdleRelayConnection {
    connection: RelayConnection,
    since: Instant,
}

impl IdleRelayConnection {
    fn is_valid(&self, now: Instant) -> bool {
        let sender = &self.connection.sender;
        let max_time = if sender.is_ready() { MAX_IDLE_TIME } else { MAX_UNREAD_TIME };
        !sender.is_closed() && now.duration_since(self.since) < max_time
    }
}

/// The connection of an answer: back to its pool after the end of the body, closed before it.
#[derive(Debug)]
pub struct AnswerGuard {
    pool: Rc<RelayPool>,
    address: SocketAddr,
    connection: Option<RelayConnection>,
}

impl AnswerGuard {
    pub(super) fn new(pool: &Rc<RelayPool>, address: SocketAddr, connection: RelayConnection) -> Self {
        Self { pool: Rc::clone(pool), address, connection: Some(connection) }
    }
}

impl BodyGuard for AnswerGuard {
    fn dropped(&mut self, at_end: bool) {
        if let Some(connection) = self.connection.take().filter(|_| at_end) {
            self.pool.put(self.address, connection);
        }
    }
}

/// Idle connections by address, and those whose app has answered but not read the complete request.
#[derive(Debug, Default)]
pub(super) struct RelayPool {
    idle: RefCell<HashMap<SocketAddr, Vec<IdleRelayConnection>>>,
    open: Rc<Cell<usize>>,
    is_sweeping: Cell<bool>,
}

impl RelayPool {
    /// Registers a new connection. Needs a `LocalSet`.
    pub(super) fn register(
        self: &Rc<Self>,
        sender: SendRequest<RelayBody>,
        task: JoinHandle<()>,
    ) -> RelayConnection {
        self.open.set(self.open.get() + 1);
        if !self.is_sweeping.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
        RelayConnection { sender, task, open: Rc::clone(&self.open) }
    }

    /// Removes and returns the last used connection to an address that is still open.
    pub(super) async fn take(&self, address: SocketAddr) -> Option<RelayConnection> {
        let now = Instant::now();
        let mut has_yielded = false;
        loop {
            let idle = self.pop(address, now)?;
            if !has_yielded && now.duration_since(idle.since) > FRESH {
                // The reactor may learn now that the app has closed the connection.
                tokio::task::yield_now().await;
                has_yielded = true;
            }
            if idle.connection.sender.is_ready() {
                return Some(idle.connection);
            }
        }
    }

    fn pop(&self, address: SocketAddr, now: Instant) -> Option<IdleRelayConnection> {
        let mut idle = self.idle.borrow_mut();
        let of_app = idle.get_mut(&address)?;
        let is_ready = |idle: &IdleRelayConnection| idle.connection.sender.is_ready() && idle.is_valid(now);
        let last = of_app.iter().rposition(is_ready)?;
        Some(of_app.remove(last))
    }

    /// Stores a connection for the next request.
    pub(super) fn put(&self, address: SocketAddr, connection: RelayConnection) {
        if connection.sender.is_closed() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        let of_app = idle.entry(address).or_default();
        if of_app.len() < MAX_IDLE {
            of_app.push(IdleRelayConnection { connection, since: Instant::now() });
        }
    }

    /// The number of idle connections.
    pub(super) fn len(&self) -> usize {
        self.idle.borrow().values().map(Vec::len).sum()
    }

    fn remove_expired(&self, now: Instant) {
        self.idle.borrow_mut().retain(|_, of_app| {
            of_app.retain(|idle| idle.is_valid(now));
            !of_app.is_empty()
        });
    }
}

/// Removes expired connections. Ends when none is open, so that an idle process has no timer.
async fn sweep(pool: Weak<RelayPool>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.remove_expired(Instant::now());
        if pool.open.get() == 0 {
            pool.is_sweeping.set(false);
            return;
        }
    }
}
