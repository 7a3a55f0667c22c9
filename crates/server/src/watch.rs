//! What a connection is doing and since when, so that a sweep can end those that take too long. A
//! timer for each request would cost more than the request.

use crate::tunnel::Tunnel;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
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
/// After so long without a request a connection gives its room back, and keeps its socket.
const REST: Duration = Duration::from_secs(2);
/// A head that has been coming for longer than this may be given up for another connection.
const SLOW_HEAD: Duration = Duration::from_secs(1);
/// A connection that has waited for less is not given up: its request may have come already.
const FRESH: Duration = Duration::from_millis(50);
/// How long a client may keep a body from coming, in all: this, and a second for each [`SLOWEST`] bytes.
const STARVED: Duration = Duration::from_secs(10);
/// Connections to give up that are found at once.
const VICTIMS: usize = 64;
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
    /// It goes on, without whatever a request needs: it has none.
    Rest,
}

/// Whether there is nothing between a connection and its next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ease {
    /// Something may be under way.
    Busy,
    /// The next request is waited for; what was answered may not be written yet.
    Reading,
    /// It is: nothing of either is held.
    Ready,
    /// It rests.
    Resting,
}

/// Tells whether there are too many connections.
struct Crowded(Box<dyn Fn() -> bool>);

impl std::fmt::Debug for Crowded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crowded")
    }
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
    ease: Cell<Ease>,
    written: Cell<bool>,
    crowded: RefCell<Option<Crowded>>,
    flawed: Cell<bool>,
    /// How long the body of the request has been waited for, in all, and since when it is now.
    starved: Cell<(Duration, Option<Instant>)>,
    fed: Cell<u64>,
    address: Option<IpAddr>,
}

impl Watch {
    fn new(address: Option<IpAddr>) -> Self {
        let (phase, since) = (Cell::new(Phase::Idle), Cell::new(Instant::now()));
        Self {
            phase,
            since,
            end: Cell::new(None),
            ended: Notify::new(),
            heeds: Cell::new(false),
            gone: Cell::new(None),
            tunnel: RefCell::new(None),
            // It has said nothing yet, and may never.
            ease: Cell::new(Ease::Reading),
            written: Cell::new(true),
            crowded: RefCell::new(None),
            flawed: Cell::new(false),
            starved: Cell::default(),
            fed: Cell::new(0),
            address,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// So many bytes came in.
    pub(crate) fn bytes_came(&self, count: usize) {
        self.ease.set(Ease::Busy);
        self.fed.set(self.fed.get() + count as u64);
        if let (spent, Some(since)) = self.starved.get() {
            self.starved.set((spent + since.elapsed(), None));
        }
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// More would have been read than there is. `in_body`: a body is not whole yet.
    pub(crate) fn nothing_came(&self, in_body: bool) {
        if in_body && let (spent, None) = self.starved.get() {
            self.starved.set((spent, Some(Instant::now())));
        }
        if self.phase.get() == Phase::Idle && self.ease.get() == Ease::Busy {
            self.ease.set(if self.written.get() { Ease::Ready } else { Ease::Reading });
        }
    }

    /// Bytes of an answer go out.
    pub(crate) fn bytes_go(&self) {
        self.written.set(false);
        self.ease.set(Ease::Busy);
    }

    /// All that was to go out has.
    pub(crate) fn all_is_written(&self) {
        self.written.set(true);
        if self.ease.get() == Ease::Reading && self.phase.get() == Phase::Idle {
            self.ease.set(Ease::Ready);
        }
    }

    /// Only probes and administration are answered here for as long as there are too many connections.
    pub(crate) fn restrict_while(&self, crowded: impl Fn() -> bool + 'static) {
        *self.crowded.borrow_mut() = Some(Crowded(Box::new(crowded)));
    }

    /// Whether that is so.
    pub(crate) fn is_restricted(&self) -> bool {
        let restricted = self.crowded.borrow().as_ref().is_some_and(|Crowded(ask)| ask());
        if !restricted {
            *self.crowded.borrow_mut() = None;
        }
        restricted
    }

    /// A line of a head ended as none may.
    pub(crate) fn set_flawed(&self) {
        self.flawed.set(true);
    }

    /// Whether one did.
    pub(crate) fn is_flawed(&self) -> bool {
        self.flawed.get()
    }

    /// The head is complete.
    pub(crate) fn request(&self) {
        self.phase.set(Phase::Busy);
        self.starved.set((Duration::ZERO, self.starved.get().1.map(|_| Instant::now())));
        self.fed.set(0);
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

    /// Whether nothing has come since it was ordered to rest.
    pub(crate) fn is_resting(&self) -> bool {
        self.ease.get() == Ease::Resting
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

    /// Whether it may be given up for another connection: its client has nothing under way, or is slow to say what.
    fn is_spare(&self, now: Instant) -> bool {
        let spent = now.saturating_duration_since(self.since.get());
        match self.phase.get() {
            // What was just answered may still be on its way.
            Phase::Idle => spent > if self.ease.get() == Ease::Busy { SLOW_HEAD } else { FRESH },
            Phase::Head => spent > SLOW_HEAD,
            Phase::Body(_) | Phase::Busy | Phase::Stream(_) => false,
        }
    }

    /// Whether its client lets the server wait for a body that it has announced.
    fn is_starved(&self, now: Instant) -> bool {
        let (spent, since) = self.starved.get();
        let Some(since) = since else { return false };
        let waited = spent + now.saturating_duration_since(since);
        waited > STARVED + Duration::from_secs(self.fed.get() / SLOWEST)
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
            Phase::Busy | Phase::Stream(_) if self.is_starved(now) => self.order(End::Now),
            Phase::Head if spent > HEAD => self.order(End::Now),
            Phase::Body(_) if spent > BODY => self.order(End::Now),
            Phase::Body(bytes) if spent > BODY_GRACE && bytes < spent.as_secs() * SLOWEST => {
                self.order(End::Now);
            }
            Phase::Stream(Length::Endless) if draining => self.order(End::Now),
            Phase::Idle if spent > IDLE + UNREAD => self.order(End::Now),
            Phase::Idle if spent > IDLE => self.order(End::Graceful),
            Phase::Idle if spent > REST && self.ease.get() == Ease::Ready => {
                self.ease.set(Ease::Resting);
                self.order(End::Rest);
            }
            _ => {}
        }
    }
}

/// Connections by number, and since when each has been idle.
type Victims = VecDeque<(u64, Instant)>;

/// The connections of one shard.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    open: RefCell<HashMap<u64, Rc<Watch>>>,
    next: Cell<u64>,
    /// Who may be given up next, the oldest first: of one address, or of all.
    victims: RefCell<HashMap<Option<IpAddr>, Victims>>,
}

impl Watches {
    /// Watches a new connection until the guard is dropped.
    pub(crate) fn open(self: &Rc<Self>, address: Option<IpAddr>) -> Watched {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        let watch = Rc::new(Watch::new(address));
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

    /// Ends the connection that has been idle for longest, of this address or of all; gives whether there is one.
    pub(crate) fn evict(&self, address: Option<IpAddr>) -> bool {
        self.evict_at(address, Instant::now())
    }

    fn evict_at(&self, address: Option<IpAddr>, now: Instant) -> bool {
        self.evict_known(address, now) || {
            self.find_victims(address, now);
            self.evict_known(address, now)
        }
    }

    fn evict_known(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let (mut victims, open) = (self.victims.borrow_mut(), self.open.borrow());
        let Some(known) = victims.get_mut(&address) else { return false };
        while let Some((id, since)) = known.pop_front() {
            if let Some(watch) = open.get(&id)
                && watch.since.get() == since
                && watch.is_spare(now)
            {
                // Whoever looks next shall not find it again.
                watch.enter(Phase::Busy);
                watch.order(End::Now);
                return true;
            }
        }
        victims.remove(&address);
        false
    }

    fn find_victims(&self, address: Option<IpAddr>, now: Instant) {
        let of_it = |watch: &Watch| address.is_none() || watch.address == address;
        let mut found: Vec<(u64, Instant)> = self
            .open
            .borrow()
            .iter()
            .filter(|(_, watch)| of_it(watch) && watch.is_spare(now))
            .map(|(id, watch)| (*id, watch.since.get()))
            .collect();
        found.sort_by_key(|(_, since)| *since);
        found.truncate(VICTIMS);
        let mut victims = self.victims.borrow_mut();
        if victims.len() > VICTIMS {
            victims.clear();
        }
        victims.insert(address, found.into());
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
        let watch = Watch::new(None);
        watch.bytes_came(1);
        watch.request();
        watch.stream_begins(Length::Endless);
        watch.answered();
        watch.bytes_came(1);
        assert_eq!(order_after(&watch, Duration::from_hours(100)), None);
        watch.stream_ends();
        assert_eq!(order_after(&watch, IDLE / 2), None);
        assert_eq!(order_after(&watch, IDLE * 2), Some(End::Now));
    }

    #[test]
    fn a_connection_rests_once_all_is_read_and_written() {
        let watch = Watch::new(None);
        watch.bytes_came(1);
        watch.request();
        watch.nothing_came(false);
        watch.answered();
        watch.bytes_go();
        watch.nothing_came(false);
        assert_eq!(order_after(&watch, REST * 2), None, "the answer may not be written yet");
        watch.all_is_written();
        assert_eq!(order_after(&watch, REST / 2), None);
        assert_eq!(order_after(&watch, REST * 2), Some(End::Rest));
        assert_eq!(order_after(&watch, REST * 2), None, "it rests already");
        assert_eq!(order_after(&watch, IDLE * 2), Some(End::Now));
        watch.bytes_came(1);
        watch.request();
        watch.answered();
        watch.bytes_go();
        watch.all_is_written();
        watch.nothing_came(false);
        assert_eq!(order_after(&watch, REST * 2), Some(End::Rest), "in the other order as well");
    }

    #[test]
    fn a_body_that_drips_is_not_waited_for_and_one_that_flows_is() {
        let (drips, flows) = (Watch::new(None), Watch::new(None));
        for (watch, bytes) in [(&drips, 1), (&flows, 1 << 20)] {
            watch.bytes_came(1);
            watch.request();
            watch.bytes_came(bytes);
            watch.nothing_came(true);
        }
        assert_eq!(order_after(&drips, STARVED / 2), None);
        assert_eq!(order_after(&drips, STARVED * 2), Some(End::Now));
        assert_eq!(order_after(&flows, STARVED * 2), None);
        let slow_app = Watch::new(None);
        slow_app.request();
        slow_app.bytes_came(1);
        assert_eq!(order_after(&slow_app, IDLE * 9), None, "nobody asks for more");
    }

    #[test]
    fn the_oldest_idle_connection_goes_and_no_other() {
        let watches = Rc::new(Watches::default());
        let [one, other]: [Option<IpAddr>; 2] =
            ["192.0.2.1", "192.0.2.2"].map(|ip| Some(ip.parse().unwrap()));
        let evict = |address| watches.evict_at(address, Instant::now() + FRESH * 2);
        let open = |address| {
            let watched = watches.open(address);
            watched.watch.nothing_came(false);
            watched
        };
        let (first, busy, second, third) = (open(one), open(one), open(other), open(one));
        busy.watch.bytes_came(1);
        busy.watch.request();
        assert!(!watches.evict(other), "it has only just come");
        assert!(evict(other));
        assert_eq!(second.watch.end.take(), Some(End::Now));
        assert!(!evict(other));
        for idle in [&first, &third] {
            assert!(evict(None));
            assert_eq!(idle.watch.end.take(), Some(End::Now));
        }
        assert!(!evict(None) && !evict(one));
        assert_eq!(busy.watch.end.take(), None);
    }

    #[test]
    fn a_client_that_has_gone_gets_what_comes_at_once() {
        let watch = Watch::new(None);
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
