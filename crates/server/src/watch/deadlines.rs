//! The time that a connection has for each phase.

use super::body_wait::MIN_RATE;
use super::phase::{End, Length, Phase};
use std::time::Duration;

/// The longest time from the first byte to the end of a request's head.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// The longest time for a whole request body.
const BODY_MAX: Duration = Duration::from_secs(30);
/// After this time a body must have arrived at [`MIN_RATE`] or faster.
const BODY_GRACE: Duration = Duration::from_secs(5);
/// The longest time between two requests. Reading the rest of an answer counts.
pub(super) const IDLE_MAX: Duration = Duration::from_mins(1);
/// How much longer a client may take to read the rest of an answer before the connection is ended.
const UNREAD_MAX: Duration = Duration::from_secs(5);
/// A connection without a request for this long gives its buffers back and keeps its socket.
pub(super) const PARK_AFTER: Duration = Duration::from_secs(2);
/// A head that takes longer than this makes the connection a candidate for eviction.
const SLOW_HEAD: Duration = Duration::from_secs(1);
/// A connection idle for less than this is not evicted: its request may have arrived already.
pub(super) const FRESH: Duration = Duration::from_millis(50);
/// The longest time that an answer may still take after its client closed its side. A client that only closes its
/// sending side looks like one that is gone, and gets what is ready at once.
pub(super) const CLOSED_CLIENT_MAX: Duration = Duration::from_secs(1);

/// Returns how a connection that has spent this time in its phase is to end, if its time is over. One whose buffers are
/// not in use may park.
pub(super) fn end_of(phase: Phase, spent: Duration, draining: bool, may_park: bool) -> Option<End> {
    match phase {
        Phase::ReadingHead if spent > HEAD_MAX => Some(End::Now),
        Phase::ReadingBody(_) if spent > BODY_MAX => Some(End::Now),
        Phase::ReadingBody(bytes) if spent > BODY_GRACE && bytes < spent.as_secs() * MIN_RATE => {
            Some(End::Now)
        }
        Phase::Streaming(Length::Endless) if draining => Some(End::Now),
        Phase::Idle if spent > IDLE_MAX + UNREAD_MAX => Some(End::Now),
        Phase::Idle if spent > IDLE_MAX => Some(End::Graceful),
        Phase::Idle if spent > PARK_AFTER && may_park => Some(End::Park),
        _ => None,
    }
}

/// Returns true if a connection may be closed to make room for another: it has no request, or is slow to send one.
/// `busy` is one whose last answer may still be in transmission.
pub(super) fn is_evictable(phase: Phase, spent: Duration, busy: bool) -> bool {
    match phase {
        Phase::Idle => spent > if busy { SLOW_HEAD } else { FRESH },
        Phase::ReadingHead => spent > SLOW_HEAD,
        Phase::ReadingBody(_) | Phase::Answering | Phase::Streaming(_) => false,
    }
}
