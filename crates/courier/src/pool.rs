//! The idle connections of one thread.
//!
//! Ours close first: an idle connection is given up before common servers (5 s and more) close it under a request.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::roots::Roots;
use crate::target::Origin;
use crate::wire::Wire;
use footbridge_model::address::AddressClasses;

/// Most idle connections kept to one origin.
const MAX_IDLE: usize = 256;

/// A connection idle for less is reused without asking the reactor first whether the peer has closed it.
const SURELY_FRESH: Duration = Duration::from_millis(20);

/// The sweeper never sleeps less or more than this while something is idle.
const SWEEP: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// On what a connection was opened; a request on other terms never gets it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// What the operator opened for the app, beyond what is open to all.
    pub(crate) granted: Option<AddressClasses>,
    /// The app's own authorities.
    pub(crate) roots: Option<Arc<Roots>>,
}

impl Terms {
    fn are(&self, other: &Self) -> bool {
        self.granted == other.granted && Roots::same(self.roots.as_ref(), other.roots.as_ref())
    }
}

struct Idle {
    wire: Wire,
    terms: Terms,
    since: Instant,
    until: Instant,
}

/// Idle connections by origin.
pub(crate) struct Pool {
    shelves: RefCell<HashMap<Arc<Origin>, Vec<Idle>>>,
    longest: Duration,
    sweeping: Cell<bool>,
}

impl Pool {
    pub(crate) fn new(longest: Duration) -> Rc<Self> {
        Rc::new(Self { shelves: RefCell::default(), longest, sweeping: Cell::new(false) })
    }

    /// The connection last used for this origin that is still good.
    pub(crate) async fn take(&self, origin: &Origin, terms: &Terms, now: Instant) -> Option<Wire> {
        let mut asked = false;
        loop {
            let mut idle = self.pop(origin, terms)?;
            if idle.until <= now {
                continue;
            }
            if !asked && now.duration_since(idle.since) > SURELY_FRESH {
                // Lets the reactor deliver a close that has already arrived.
                tokio::task::yield_now().await;
                asked = true;
            }
            if idle.wire.is_quiet() {
                return Some(idle.wire);
            }
        }
    }

    /// Keeps a connection for the next request. `hint` is the peer's own idle limit.
    pub(crate) fn put(
        self: &Rc<Self>,
        origin: &Arc<Origin>,
        terms: Terms,
        wire: Wire,
        hint: Option<Duration>,
    ) {
        let longest = hint.map_or(self.longest, |hint| hint.min(self.longest));
        if longest.is_zero() {
            return;
        }
        let since = Instant::now();
        let idle = Idle { wire, terms, since, until: since + longest };
        let mut shelves = self.shelves.borrow_mut();
        if let Some(shelf) = shelves.get_mut(origin) {
            if shelf.len() < MAX_IDLE {
                shelf.push(idle);
            }
        } else {
            shelves.insert(Arc::clone(origin), vec![idle]);
        }
        drop(shelves);
        if !self.sweeping.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }

    /// How many connections are idle.
    pub(crate) fn len(&self) -> usize {
        self.shelves.borrow().values().map(Vec::len).sum()
    }

    /// Ends every idle connection the way a peer does it: behind the back of whoever takes it next.
    #[cfg(test)]
    pub(crate) fn cut_all(&self) {
        for idle in self.shelves.borrow_mut().values_mut().flatten() {
            idle.wire.cut();
        }
    }

    fn pop(&self, origin: &Origin, terms: &Terms) -> Option<Idle> {
        let mut shelves = self.shelves.borrow_mut();
        let shelf = shelves.get_mut(origin)?;
        let place = shelf.iter().rposition(|idle| idle.terms.are(terms))?;
        Some(shelf.remove(place))
    }

    /// Closes what is over its time or closed by the peer; the earliest end of what is left, `None` when nothing is.
    fn expire(&self, now: Instant) -> Option<Instant> {
        let mut earliest: Option<Instant> = None;
        self.shelves.borrow_mut().retain(|_, shelf| {
            shelf.retain_mut(|idle| idle.until > now && idle.wire.is_quiet());
            let first = shelf.iter().map(|idle| idle.until).min();
            earliest = match (earliest, first) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            !shelf.is_empty()
        });
        earliest
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.len()).finish_non_exhaustive()
    }
}

/// Lives only while something is idle, so that an idle process has no timer of ours.
async fn sweep(pool: Weak<Pool>) {
    let mut wake = Instant::now() + SWEEP.0;
    loop {
        sleep_until(wake).await;
        let Some(pool) = pool.upgrade() else { return };
        let now = Instant::now();
        let Some(earliest) = pool.expire(now) else {
            pool.sweeping.set(false);
            return;
        };
        wake = earliest.clamp(now + SWEEP.0, now + SWEEP.1);
    }
}
