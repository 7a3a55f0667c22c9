//! The lane of one hook: a bounded window of the deliveries that are due first, refilled from the journal.

mod pace;
mod refill;
mod window;

pub(super) use pace::ReceiverSignal;
pub(super) use window::{QueuedDelivery, WINDOW};

use footbridge_journal::PendingDelivery;
use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::time::Millis;
use pace::Pace;
use refill::Refill;
use std::collections::HashSet;
use window::{LaneWindow, WindowKey};

/// The most attempts of one lane that wait for an optional answer after the lane has gone on.
const MAX_AWAITING_OPTIONAL: usize = 256;

/// The earlier of `at` and a time that may be known.
fn earlier(known: Option<Millis>, at: Millis) -> Millis {
    known.map_or(at, |known| known.min(at))
}

/// The lane of one hook.
///
/// A pending delivery is in the window, in flight, or only in the journal; `journal_due` covers the last group.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Deliveries are attempted one at a time, in the order of their events.
    ordered: bool,
    /// Other servers add deliveries, too, and only the journal knows their order.
    shared: bool,
    window: LaneWindow,
    /// The earliest due time of the deliveries that are only in the journal; `None` if there are none.
    journal_due: Option<Millis>,
    in_flight: HashSet<DeliveryId>,
    /// Attempts that still wait for an optional answer, although the lane has gone on.
    awaiting_optional: HashSet<DeliveryId>,
    /// The number of results that are not written yet. They count as in flight, because a crash would repeat their
    /// attempts.
    unwritten_results: usize,
    /// Deliveries in flight that were cancelled meanwhile: they are not attempted again.
    withdrawn: HashSet<DeliveryId>,
    refill: Refill,
    pace: Pace,
}

impl Lane {
    pub(super) fn new(ordered: bool) -> Self {
        Self { ordered, ..Self::default() }
    }

    /// The lane of a hook; `exclusive` unless other servers share the journal.
    pub(super) fn of_hook(ordered: bool, exclusive: bool) -> Self {
        Self { shared: !exclusive, ..Self::new(ordered) }
    }

    /// Returns true if the lane takes each delivery from the journal, which alone knows the next one.
    const fn reads_each(&self) -> bool {
        self.ordered && self.shared
    }

    /// Changes whether the lane is ordered.
    pub(super) fn set_ordered(&mut self, ordered: bool) {
        if self.ordered != ordered {
            // The keys of the window change their meaning: read all of it again.
            self.ordered = ordered;
            self.reload();
        }
    }

    /// Empties the window and ends all pauses, so that the next run reads the journal again.
    pub(super) fn reload(&mut self) {
        self.clear_window();
        self.pace.resume();
        self.leave_in_journal(Millis(0));
    }

    /// Empties the window without reading the journal again. The deliveries stay pending there, until the hook is
    /// enabled and the lane is woken.
    pub(super) fn suspend(&mut self) {
        self.clear_window();
        self.journal_due = None;
        self.refill.forget_left();
    }

    fn clear_window(&mut self) {
        self.window.clear();
        self.refill.outdate();
    }

    /// Notes that a delivery which is due at `at` is only in the journal.
    fn leave_in_journal(&mut self, at: Millis) {
        // In an ordered lane, a delivery is due as soon as its predecessors have ended.
        let at = if self.ordered { Millis(0) } else { at };
        self.journal_due = Some(earlier(self.journal_due, at));
        self.refill.note_left(at);
    }

    fn window_key(&self, delivery: &PendingDelivery) -> WindowKey {
        (if self.ordered { Millis(0) } else { delivery.at }, delivery.id)
    }

    /// Queues a delivery that the journal has stored, unless earlier ones are only in the journal.
    pub(super) fn offer(&mut self, queued: QueuedDelivery) {
        let delivery = &queued.delivery;
        if self.reads_each() && delivery.attempts == 0 {
            return self.leave_in_journal(delivery.at);
        }
        let earlier_in_journal = match self.journal_due {
            // In the journal are only deliveries that are younger than the window. A retried one belongs before them.
            Some(_) if self.ordered => {
                self.window.last_id().map_or(delivery.attempts == 0, |last| delivery.id > last)
            }
            Some(journal_due) => journal_due <= delivery.at,
            None => false,
        };
        if earlier_in_journal {
            self.leave_in_journal(delivery.at);
        } else {
            self.insert(queued);
        }
    }

    fn insert(&mut self, queued: QueuedDelivery) {
        if self.is_in_flight(queued.delivery.id) {
            return;
        }
        if let Some(last) = self.window.insert(self.window_key(&queued.delivery), queued) {
            self.leave_in_journal(last.delivery.at);
        }
    }

    /// Starts a refill if one is needed; returns how many deliveries to request from the journal.
    pub(super) fn start_refill(&mut self, now: Millis) -> Option<u32> {
        let journal_due = self
            .journal_due
            .filter(|due| *due <= now && !self.refill.is_running() && !self.pace.is_paused(now))?;
        let first = self.first_due();
        let is_first_in_journal = !self.ordered && first.is_none_or(|first| journal_due < first);
        if self.window.len() > WINDOW / 4 && !is_first_in_journal {
            return None;
        }
        if self.reads_each() && (!self.window.is_empty() || self.total_in_flight() > 0) {
            return None;
        }
        let in_flight = self.refill.start(self.in_flight.union(&self.awaiting_optional).copied());
        u32::try_from(WINDOW + in_flight).ok()
    }

    /// Takes the journal's answer to a refill that requested `requested` deliveries.
    pub(super) fn finish_refill(&mut self, found: Vec<PendingDelivery>, requested: u32) {
        // An answer that is out of date is ignored: `journal_due` covers everything that was left in the journal since.
        let Some(meanwhile) = self.refill.finish() else { return };
        self.journal_due = None;
        if let Some(last) = found.last().filter(|_| found.len() >= requested as usize) {
            self.leave_in_journal(last.at);
        }
        if let Some(left) = meanwhile.left {
            self.leave_in_journal(left);
        }
        if self.reads_each() && found.len() > 1 {
            self.leave_in_journal(Millis(0));
        }
        for delivery in found.into_iter().take(if self.reads_each() { 1 } else { usize::MAX }) {
            if !meanwhile.attempted.contains(&delivery.id) {
                self.insert(QueuedDelivery { delivery, event: None });
            }
        }
    }

    /// Ends a refill whose answer is out of date; the journal is asked again at once.
    pub(super) fn refill_outdated(&mut self) {
        self.refill.fail();
    }

    /// Ends a refill that failed; the journal is asked again after a backoff.
    pub(super) fn refill_failed(&mut self, now: Millis) {
        self.refill.fail();
        self.back_off(now);
    }

    /// Pauses the lane because the server itself lacks something. The pause doubles each time in a row.
    pub(super) fn back_off(&mut self, now: Millis) {
        self.pace.back_off(now);
    }

    /// Returns true if the lane is paused because the server itself could not make an attempt.
    pub(super) fn is_backing_off(&self, now: Millis) -> bool {
        self.pace.is_backing_off(now)
    }

    /// Removes and returns the next delivery to attempt now, if fewer than `max_in_flight` attempts are in flight.
    pub(super) fn start(&mut self, now: Millis, max_in_flight: usize) -> Option<QueuedDelivery> {
        let one_at_a_time = self.ordered || self.pace.is_probing();
        let max = if one_at_a_time { 1 } else { max_in_flight };
        if self.counted_in_flight() >= max
            || self.awaiting_optional.len() >= MAX_AWAITING_OPTIONAL
            || self.pace.is_paused(now)
        {
            return None;
        }
        let queued = self.window.take_due(now)?;
        let id = queued.delivery.id;
        let is_new = self.in_flight.insert(id);
        debug_assert!(
            is_new && !self.awaiting_optional.contains(&id),
            "{id} is attempted twice at the same time"
        );
        debug_assert!(self.counted_in_flight() <= max, "more than {max} attempts are in flight");
        self.refill.note_attempt(id);
        Some(queued)
    }

    /// Lets the lane go on while an attempt still waits for its optional answer.
    pub(super) fn stop_waiting(&mut self, id: DeliveryId) {
        if self.in_flight.remove(&id) {
            self.awaiting_optional.insert(id);
        }
    }

    /// Marks the receiver as slow while an attempt is still in flight.
    pub(super) const fn mark_slow(&mut self) {
        self.pace.mark_slow();
    }

    /// Ends an attempt. `signal` decides how carefully the receiver is tried from now on.
    pub(super) fn end(&mut self, id: DeliveryId, signal: ReceiverSignal, now: Millis) {
        self.in_flight.remove(&id);
        if !self.awaiting_optional.remove(&id) {
            self.pace.note(signal, now);
        }
    }

    /// Takes note that a delivery was cancelled in the journal, and reads the journal again.
    pub(super) fn withdraw(&mut self, id: DeliveryId) {
        if self.is_in_flight(id) {
            self.withdrawn.insert(id);
        }
        self.reload();
    }

    /// Returns true if a delivery whose attempt has ended was cancelled meanwhile. The journal is read again then, because
    /// it may have been retried by hand since.
    pub(super) fn was_withdrawn(&mut self, id: DeliveryId) -> bool {
        let withdrawn = self.withdrawn.remove(&id);
        if withdrawn {
            self.reload();
        }
        withdrawn
    }

    /// Counts a result that was handed to the journal and is not written yet.
    pub(super) const fn result_unwritten(&mut self) {
        self.unwritten_results += 1;
    }

    /// Counts a result that was written, or that never will be.
    pub(super) const fn result_written(&mut self) {
        self.unwritten_results = self.unwritten_results.saturating_sub(1);
    }

    /// Returns true if the receiver has not answered the last few attempts.
    pub(super) const fn is_failing(&self) -> bool {
        self.pace.is_failing()
    }

    /// Returns true if the receiver keeps failing slowly; its attempts have permits of their own.
    pub(super) const fn is_hanging(&self) -> bool {
        self.pace.is_hanging()
    }

    /// Returns true if a delivery has been due since `since`, and nothing keeps the lane from attempting it.
    pub(super) fn is_overdue(&self, since: Millis, now: Millis) -> bool {
        let first = self.first_due();
        let journal_due = self.journal_due.filter(|_| !(self.ordered && first.is_some()));
        let due = first.into_iter().chain(journal_due).min();
        self.in_flight.is_empty() && !self.pace.is_paused(now) && due.is_some_and(|due| due <= since)
    }

    /// Returns true if the last attempt was slow or failed, or one in flight has become slow.
    pub(super) const fn is_slow(&self) -> bool {
        self.pace.is_slow()
    }

    fn is_in_flight(&self, id: DeliveryId) -> bool {
        self.in_flight.contains(&id) || self.awaiting_optional.contains(&id)
    }

    /// The number that the hook's `in_flight` limit applies to.
    fn counted_in_flight(&self) -> usize {
        self.in_flight.len() + self.unwritten_results
    }

    /// The number of attempts in flight, including those that wait for an optional answer and unwritten results.
    pub(super) fn total_in_flight(&self) -> usize {
        self.counted_in_flight() + self.awaiting_optional.len()
    }

    /// The event of the next delivery in the window.
    pub(super) fn first_event(&self) -> Option<EventId> {
        self.window.first().map(|first| first.event_id)
    }

    fn first_due(&self) -> Option<Millis> {
        self.window.first().map(|first| first.at)
    }

    /// The next time at which there may be something to do, if nothing else happens before.
    pub(super) fn next_at(&self) -> Option<Millis> {
        let first = self.first_due();
        // An ordered lane reads the journal only after its window is empty, one that reads each delivery only after the
        // result of the last one is written.
        let must_wait = self.ordered && first.is_some() || self.reads_each() && self.total_in_flight() > 0;
        let journal_due = self.journal_due.filter(|_| !(self.refill.is_running() || must_wait));
        let due = [first, journal_due].into_iter().flatten().min()?;
        Some(self.pace.resumes_at().map_or(due, |until| due.max(until)))
    }

    /// Returns true if the lane holds no state that is worth keeping.
    pub(super) fn is_idle(&self) -> bool {
        let waits = !self.window.is_empty() || self.journal_due.is_some() || self.refill.is_running();
        !waits && self.total_in_flight() == 0 && !self.pace.is_slow()
    }
}

#[cfg(test)]
mod tests;
