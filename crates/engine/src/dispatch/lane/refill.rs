//! The read that refills the window of a lane from the journal.

use super::earlier;
use footbridge_model::id::DeliveryId;
use footbridge_model::time::Millis;
use std::collections::HashSet;

/// A read that is under way, if there is one, and what happened since it began.
#[derive(Debug, Default)]
pub(super) struct Refill {
    state: State,
    /// Deliveries that were in flight at some time since; the journal's answer about them may be out of date.
    attempted: HashSet<DeliveryId>,
    /// The earliest due time of the deliveries that were left in the journal since.
    left: Option<Millis>,
}

/// The state of the read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// No read is under way.
    #[default]
    Idle,
    /// The journal was asked, and has not answered yet.
    Requested,
    /// The journal was asked, but its answer is out of date and will be ignored.
    Outdated,
}

/// The changes during a read, which the journal's answer cannot know.
pub(super) struct Meanwhile {
    pub(super) attempted: HashSet<DeliveryId>,
    pub(super) left: Option<Millis>,
}

impl Refill {
    /// Begins a read while these deliveries are in flight; returns their number.
    pub(super) fn start(&mut self, in_flight: impl Iterator<Item = DeliveryId>) -> usize {
        debug_assert!(!self.is_running(), "one read at a time");
        self.state = State::Requested;
        self.left = None;
        self.attempted = in_flight.collect();
        self.attempted.len()
    }

    /// Ends the read; `None` if its answer is out of date.
    pub(super) fn finish(&mut self) -> Option<Meanwhile> {
        if std::mem::take(&mut self.state) == State::Outdated {
            return None;
        }
        Some(Meanwhile { attempted: std::mem::take(&mut self.attempted), left: self.left.take() })
    }

    /// Ends the read without an answer.
    pub(super) fn fail(&mut self) {
        (self.state, self.left) = (State::Idle, None);
    }

    /// Ignores the answer of the read that is under way.
    pub(super) fn outdate(&mut self) {
        if self.state == State::Requested {
            self.state = State::Outdated;
        }
    }

    /// Notes that a delivery which is due at `at` was left in the journal.
    pub(super) fn note_left(&mut self, at: Millis) {
        if self.is_running() {
            self.left = Some(earlier(self.left, at));
        }
    }

    /// Notes that a delivery is attempted.
    pub(super) fn note_attempt(&mut self, id: DeliveryId) {
        if self.is_running() {
            self.attempted.insert(id);
        }
    }

    /// Forgets the deliveries that were left in the journal.
    pub(super) const fn forget_left(&mut self) {
        self.left = None;
    }

    /// Returns true if a read is under way.
    pub(super) fn is_running(&self) -> bool {
        self.state != State::Idle
    }
}
