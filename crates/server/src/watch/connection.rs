//! The watch of one connection.

use super::body_wait::BodyWait;
use super::deadlines::{self, CLOSED_CLIENT_MAX};
use super::phase::{End, Length, Phase};
use super::quiet::Quiet;
use crate::tunnel::Tunnel;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Returns true while the server has too many connections.
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
    pub(super) end: Cell<Option<End>>,
    end_changed: Notify,
    wants_client_close: Cell<bool>,
    client_closed: Cell<Option<Instant>>,
    tunnel: RefCell<Option<Tunnel>>,
    quiet: Quiet,
    crowded: RefCell<Option<Crowded>>,
    bare_line_feed: Cell<bool>,
    body_wait: BodyWait,
    address: Option<IpAddr>,
}

impl Watch {
    pub(super) fn new(address: Option<IpAddr>) -> Self {
        Self {
            phase: Cell::new(Phase::Idle),
            since: Cell::new(Instant::now()),
            end: Cell::new(None),
            end_changed: Notify::new(),
            wants_client_close: Cell::new(false),
            client_closed: Cell::new(None),
            tunnel: RefCell::new(None),
            quiet: Quiet::default(),
            crowded: RefCell::new(None),
            bare_line_feed: Cell::new(false),
            body_wait: BodyWait::default(),
            address,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// Since when the connection is in its phase.
    pub(super) fn since(&self) -> Instant {
        self.since.get()
    }

    /// The address whose share of connections this one counts in.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// `count` bytes were received.
    pub(crate) fn bytes_received(&self, count: usize) {
        self.quiet.received();
        self.body_wait.received(count);
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::ReadingHead);
        }
    }

    /// A read found nothing. `in_body`: a request body is incomplete.
    pub(crate) fn read_pending(&self, in_body: bool) {
        if in_body {
            self.body_wait.start();
        }
        if self.phase.get() == Phase::Idle {
            self.quiet.read_pending();
        }
    }

    /// Bytes of an answer are written.
    pub(crate) fn write_started(&self) {
        self.quiet.write_started();
    }

    /// Everything that was to be written is written.
    pub(crate) fn write_flushed(&self) {
        self.quiet.write_flushed(self.phase.get() == Phase::Idle);
    }

    /// Answers only probes and administration on this connection for as long as `crowded` returns true.
    pub(crate) fn restrict_while(&self, crowded: impl Fn() -> bool + 'static) {
        *self.crowded.borrow_mut() = Some(Crowded(Box::new(crowded)));
    }

    /// Returns true while only probes and administration are answered on this connection.
    pub(crate) fn is_restricted(&self) -> bool {
        let restricted = self.crowded.borrow().as_ref().is_some_and(|Crowded(ask)| ask());
        if !restricted {
            *self.crowded.borrow_mut() = None;
        }
        restricted
    }

    /// A line of a request's head ended in a line feed without a carriage return.
    pub(crate) fn set_bare_line_feed(&self) {
        self.bare_line_feed.set(true);
    }

    /// Returns true if a line of a head ended in a line feed without a carriage return.
    pub(crate) fn has_bare_line_feed(&self) -> bool {
        self.bare_line_feed.get()
    }

    /// The head of a request is complete.
    pub(crate) fn request_started(&self) {
        self.phase.set(Phase::Answering);
        self.body_wait.reset();
    }

    /// The handler begins to read the body.
    pub(crate) fn body_started(&self) {
        self.enter(Phase::ReadingBody(0));
    }

    /// The handler received a part of the body.
    pub(crate) fn body_received(&self, bytes: usize) {
        if let Phase::ReadingBody(so_far) = self.phase.get() {
            self.phase.set(Phase::ReadingBody(so_far + bytes as u64));
        }
    }

    /// The handler has the whole body.
    pub(crate) fn body_ended(&self) {
        self.phase.set(Phase::Answering);
    }

    /// The answer is complete, or begins to stream.
    pub(crate) fn answer_ready(&self) {
        if !matches!(self.phase.get(), Phase::Streaming(_)) {
            self.wants_client_close.set(false);
            self.enter(Phase::Idle);
        }
    }

    /// The answer streams from now on.
    pub(crate) fn stream_started(&self, length: Length) {
        self.watch_client_close();
        self.enter(Phase::Streaming(length));
    }

    /// The stream has ended.
    pub(crate) fn stream_ended(&self) {
        self.wants_client_close.set(false);
        self.enter(Phase::Idle);
    }

    /// Ends this request when its client closes the connection.
    pub(crate) fn watch_client_close(&self) {
        if !self.wants_client_close.replace(true) {
            self.client_closed.set(None);
        }
    }

    /// Returns true if the request depends on its client, which has not closed its side yet.
    pub(crate) fn wants_client_close(&self) -> bool {
        self.wants_client_close.get() && self.client_closed.get().is_none()
    }

    /// The client has closed its side.
    pub(crate) fn client_closed(&self) {
        self.client_closed.set(Some(Instant::now()));
    }

    /// Turns the connection into a tunnel once its answer is written.
    pub(crate) fn set_tunnel(&self, tunnel: Tunnel) {
        *self.tunnel.borrow_mut() = Some(tunnel);
    }

    /// Takes the tunnel that the connection turns into.
    pub(crate) fn take_tunnel(&self) -> Option<Tunnel> {
        let tunnel = self.tunnel.borrow_mut().take();
        if tunnel.is_some() {
            self.enter(Phase::Streaming(Length::Endless));
        }
        tunnel
    }

    /// Returns true if nothing was received since the connection was told to park.
    pub(crate) fn is_parked(&self) -> bool {
        self.quiet.is_parked()
    }

    /// Waits until the connection is to end or to park.
    pub(crate) async fn end_requested(&self) -> End {
        loop {
            if let Some(end) = self.end.take() {
                return end;
            }
            self.end_changed.notified().await;
        }
    }

    /// Returns true if the connection may be closed to make room for another: it has no request, or is slow to send one.
    pub(super) fn is_evictable(&self, now: Instant) -> bool {
        let spent = now.saturating_duration_since(self.since.get());
        deadlines::is_evictable(self.phase.get(), spent, self.quiet.is_busy())
    }

    pub(super) fn request_end(&self, end: End) {
        self.end.set(Some(end));
        self.end_changed.notify_one();
    }

    /// Ends the connection if its time is over, and lets it park if it has nothing to do.
    pub(super) fn sweep(&self, now: Instant, draining: bool) {
        let spent = now.duration_since(self.since.get());
        let closed_for = self.client_closed.get().map(|closed| now.duration_since(closed));
        if self.wants_client_close.get() && closed_for.is_some_and(|spent| spent > CLOSED_CLIENT_MAX) {
            self.request_end(End::Now);
        }
        let phase = self.phase.get();
        if matches!(phase, Phase::Answering | Phase::Streaming(_)) && self.body_wait.is_over(now) {
            return self.request_end(End::Now);
        }
        if let Some(end) = deadlines::end_of(phase, spent, draining, self.quiet.is_ready()) {
            if end == End::Park {
                self.quiet.park();
            }
            self.request_end(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::body_wait::WAIT_MAX;
    use super::super::deadlines::{IDLE_MAX, PARK_AFTER};
    use super::*;
    use std::time::Duration;

    fn end_after(watch: &Watch, wait: Duration) -> Option<End> {
        watch.sweep(Instant::now() + wait, false);
        watch.end.take()
    }

    #[test]
    fn a_stream_has_no_deadline_and_the_idle_time_after_it_has() {
        let watch = Watch::new(None);
        watch.bytes_received(1);
        watch.request_started();
        watch.stream_started(Length::Endless);
        watch.answer_ready();
        watch.bytes_received(1);
        assert_eq!(end_after(&watch, Duration::from_hours(100)), None);
        watch.stream_ended();
        assert_eq!(end_after(&watch, IDLE_MAX / 2), None);
        assert_eq!(end_after(&watch, IDLE_MAX * 2), Some(End::Now));
    }

    #[test]
    fn a_connection_parks_once_everything_is_read_and_written() {
        let watch = Watch::new(None);
        watch.bytes_received(1);
        watch.request_started();
        watch.read_pending(false);
        watch.answer_ready();
        watch.write_started();
        watch.read_pending(false);
        assert_eq!(end_after(&watch, PARK_AFTER * 2), None, "the answer may not be written yet");
        watch.write_flushed();
        assert_eq!(end_after(&watch, PARK_AFTER / 2), None);
        assert_eq!(end_after(&watch, PARK_AFTER * 2), Some(End::Park));
        assert_eq!(end_after(&watch, PARK_AFTER * 2), None, "it is parked already");
        assert_eq!(end_after(&watch, IDLE_MAX * 2), Some(End::Now));
        watch.bytes_received(1);
        watch.request_started();
        watch.answer_ready();
        watch.write_started();
        watch.write_flushed();
        watch.read_pending(false);
        assert_eq!(end_after(&watch, PARK_AFTER * 2), Some(End::Park), "in the other order too");
    }

    #[test]
    fn a_body_that_stalls_ends_the_connection_and_a_steady_one_does_not() {
        let (stalls, steady) = (Watch::new(None), Watch::new(None));
        for (watch, bytes) in [(&stalls, 1), (&steady, 1 << 20)] {
            watch.bytes_received(1);
            watch.request_started();
            watch.bytes_received(bytes);
            watch.read_pending(true);
        }
        assert_eq!(end_after(&stalls, WAIT_MAX / 2), None);
        assert_eq!(end_after(&stalls, WAIT_MAX * 2), Some(End::Now));
        assert_eq!(end_after(&steady, WAIT_MAX * 2), None);
        let slow_app = Watch::new(None);
        slow_app.request_started();
        slow_app.bytes_received(1);
        assert_eq!(end_after(&slow_app, IDLE_MAX * 9), None, "nobody reads more");
    }

    #[test]
    fn a_request_that_depends_on_its_client_ends_soon_after_the_client_closes() {
        let watch = Watch::new(None);
        watch.request_started();
        assert!(!watch.wants_client_close(), "most requests do not depend on it");
        watch.watch_client_close();
        assert!(watch.wants_client_close());
        watch.client_closed();
        assert_eq!(end_after(&watch, CLOSED_CLIENT_MAX / 2), None);
        assert_eq!(end_after(&watch, CLOSED_CLIENT_MAX * 2), Some(End::Now));
        watch.answer_ready();
        assert_eq!(end_after(&watch, CLOSED_CLIENT_MAX * 2), None, "the next request is another");
    }
}
