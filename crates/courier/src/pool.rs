//! The idle connections of one thread.
//!
//! This side closes an idle connection before common servers do (after 5 s or more), so that no request meets a
//! connection that is being closed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::connection::Connection;
use crate::roots::Roots;
use crate::target::Origin;
use footbridge_model::address::AddressClasses;

/// The most idle connections to one origin.
const MAX_IDLE: usize = 256;

/// A connection that was idle for less is used again without asking the reactor whether the peer has closed it.
const FRESH: Duration = Duration::from_millis(20);

/// The shortest and the longest pause between two sweeps while a connection is idle.
const SWEEP_PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The conditions under which a connection was opened. Only requests with the same conditions use it again.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionTerms {
    /// The address classes that the operator has opened for the app, besides public addresses.
    pub(crate) granted: Option<AddressClasses>,
    /// The app's own certificate authorities.
    pub(crate) roots: Option<Arc<Roots>>,
}

impl ConnectionTerms {
    fn equal(&self, other: &Self) -> bool {
        self.granted == other.granted && Roots::are_equal(self.roots.as_ref(), other.roots.as_ref())
    }
}

struct IdleConnection {
    connection: Connection,
    terms: ConnectionTerms,
    since: Instant,
    until: Instant,
}

/// The idle connections of one thread, by origin.
pub(crate) struct ConnectionPool {
    idle: RefCell<HashMap<Arc<Origin>, Vec<IdleConnection>>>,
    /// The longest time that a connection stays idle.
    max_idle_time: Duration,
    is_sweeping: Cell<bool>,
}

impl ConnectionPool {
    pub(crate) fn new(max_idle_time: Duration) -> Rc<Self> {
        Rc::new(Self { idle: RefCell::default(), max_idle_time, is_sweeping: Cell::new(false) })
    }

    /// Removes and returns the last used connection to an origin that is still open.
    pub(crate) async fn take(
        &self,
        origin: &Origin,
        terms: &ConnectionTerms,
        now: Instant,
    ) -> Option<Connection> {
        let mut has_yielded = false;
        loop {
            let mut idle = self.pop(origin, terms)?;
            if idle.until <= now {
                continue;
            }
            if !has_yielded && now.duration_since(idle.since) > FRESH {
                // The reactor may learn now that the peer has closed the connection.
                tokio::task::yield_now().await;
                has_yielded = true;
            }
            if idle.connection.is_quiet() {
                return Some(idle.connection);
            }
        }
    }

    /// Stores a connection for the next request. `peer_limit` is the receiver's own limit for idle connections.
    pub(crate) fn put(
        self: &Rc<Self>,
        origin: &Arc<Origin>,
        terms: ConnectionTerms,
        connection: Connection,
        peer_limit: Option<Duration>,
    ) {
        let idle_time = peer_limit.map_or(self.max_idle_time, |limit| limit.min(self.max_idle_time));
        if idle_time.is_zero() {
            return;
        }
        let since = Instant::now();
        let added = IdleConnection { connection, terms, since, until: since + idle_time };
        let mut idle = self.idle.borrow_mut();
        if let Some(same_origin) = idle.get_mut(origin) {
            if same_origin.len() < MAX_IDLE {
                same_origin.push(added);
            }
        } else {
            idle.insert(Arc::clone(origin), vec![added]);
        }
        drop(idle);
        if !self.is_sweeping.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }

    /// The number of idle connections.
    pub(crate) fn len(&self) -> usize {
        self.idle.borrow().values().map(Vec::len).sum()
    }

    /// Shuts down every idle connection, as a peer does, without removing it.
    #[cfg(test)]
    pub(crate) fn cut_all(&self) {
        for idle in self.idle.borrow_mut().values_mut().flatten() {
            idle.connection.cut();
        }
    }

    fn pop(&self, origin: &Origin, terms: &ConnectionTerms) -> Option<IdleConnection> {
        let mut idle = self.idle.borrow_mut();
        let same_origin = idle.get_mut(origin)?;
        let last = same_origin.iter().rposition(|idle| idle.terms.equal(terms))?;
        Some(same_origin.remove(last))
    }

    /// Removes the connections that have expired or were closed by the peer. Returns the earliest expiry of the rest;
    /// `None` if there are none.
    fn expire(&self, now: Instant) -> Option<Instant> {
        let mut earliest: Option<Instant> = None;
        self.idle.borrow_mut().retain(|_, same_origin| {
            same_origin.retain_mut(|idle| idle.until > now && idle.connection.is_quiet());
            let first = same_origin.iter().map(|idle| idle.until).min();
            earliest = match (earliest, first) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            !same_origin.is_empty()
        });
        earliest
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").field("idle", &self.len()).finish_non_exhaustive()
    }
}

/// Removes expired connections. Ends when none is idle, so that an idle process has no timer.
async fn sweep(pool: Weak<ConnectionPool>) {
    let mut wake = Instant::now() + SWEEP_PAUSE.0;
    loop {
        sleep_until(wake).await;
        let Some(pool) = pool.upgrade() else { return };
        let now = Instant::now();
        let Some(earliest) = pool.expire(now) else {
            pool.is_sweeping.set(false);
            return;
        };
        wake = earliest.clamp(now + SWEEP_PAUSE.0, now + SWEEP_PAUSE.1);
    }
}
