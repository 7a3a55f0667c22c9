//! The connections of one thread to the apps of this machine.
//!
//! Ours close first: a Node app closes idle connections after five seconds by default, but the host it runs in
//! keeps them for an hour, and any other is asked again when a kept connection fails.

use super::body::RelayBody;
use hyper::client::conn::http1::SendRequest;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long a connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How long an app that has answered may still take to read the request it answered.
const UNREAD: Duration = Duration::from_secs(10);
/// Most connections kept to one app.
const MAX_IDLE: usize = 64;
/// How often connections are looked at, while there are any.
const SWEEP: Duration = Duration::from_secs(1);
/// A connection idle for less is reused without asking the reactor first whether the app has closed it.
const SURELY_FRESH: Duration = Duration::from_millis(20);

/// One open connection. Dropping it closes the socket at once, whatever is going on.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) sender: SendRequest<RelayBody>,
    task: JoinHandle<()>,
    open: Rc<Cell<usize>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
        self.open.set(self.open.get() - 1);
    }
}

#[derive(Debug)]
struct Kept {
    link: Link,
    since: Instant,
}

impl Kept {
    fn is_good(&self, now: Instant) -> bool {
        let longest = if self.link.sender.is_ready() { IDLE } else { UNREAD };
        !self.link.sender.is_closed() && now.duration_since(self.since) < longest
    }
}

/// Idle connections by address, and those whose app has answered but not yet read the whole request.
#[derive(Debug, Default)]
pub(super) struct Pool {
    kept: RefCell<HashMap<SocketAddr, Vec<Kept>>>,
    open: Rc<Cell<usize>>,
    sweeping: Cell<bool>,
}

impl Pool {
    /// A connection that was just opened. Needs a `LocalSet`.
    pub(super) fn link(self: &Rc<Self>, sender: SendRequest<RelayBody>, task: JoinHandle<()>) -> Link {
        self.open.set(self.open.get() + 1);
        if !self.sweeping.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
        Link { sender, task, open: Rc::clone(&self.open) }
    }

    /// The connection last used that is still good.
    pub(super) async fn take(&self, to: SocketAddr) -> Option<Link> {
        let now = Instant::now();
        let mut asked = false;
        loop {
            let kept = self.pop(to, now)?;
            if !asked && now.duration_since(kept.since) > SURELY_FRESH {
                // Lets the reactor deliver a close that has already arrived.
                tokio::task::yield_now().await;
                asked = true;
            }
            if kept.link.sender.is_ready() {
                return Some(kept.link);
            }
        }
    }

    fn pop(&self, to: SocketAddr, now: Instant) -> Option<Kept> {
        let mut all = self.kept.borrow_mut();
        let shelf = all.get_mut(&to)?;
        let ready = |kept: &Kept| kept.link.sender.is_ready() && kept.is_good(now);
        let place = shelf.iter().rposition(ready)?;
        Some(shelf.remove(place))
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, to: SocketAddr, link: Link) {
        if link.sender.is_closed() {
            return;
        }
        let mut all = self.kept.borrow_mut();
        let shelf = all.entry(to).or_default();
        if shelf.len() < MAX_IDLE {
            shelf.push(Kept { link, since: Instant::now() });
        }
    }

    /// How many connections are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.borrow().values().map(Vec::len).sum()
    }

    fn expire(&self, now: Instant) {
        self.kept.borrow_mut().retain(|_, shelf| {
            shelf.retain(|kept| kept.is_good(now));
            !shelf.is_empty()
        });
    }
}

/// Lives only while there are connections, so that an idle process has no timer of ours.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.expire(Instant::now());
        if pool.open.get() == 0 {
            pool.sweeping.set(false);
            return;
        }
    }
}
