//! The lane of one hook: a bounded window of the deliveries that are due first, refilled from the journal.

use super::memory_budget::HeldEvent;
use footbridge_journal::PendingDelivery;
use footbridge_model::id::{DeliveryId, EventId};
use footbridge_model::time::Millis;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The most deliveries of one hook that wait in memory.
pub(super) const WINDOW: usize = 256;
/// The most attempts of one lane that wait for an optional answer after the lane has gone on.
const MAX_AWAITING_OPTIONAL: usize = 256;
/// The number of failures in a row, without any answer, after which the receiver is probed by one attempt at a time.
const FAILING_AFTER: u32 = 5;
/// How much each further failure lengthens the pause before the next probe.
const PROBE_PAUSE_STEP: Duration = Duration::from_millis(2);
/// The longest pause before a probe, and so the longest delay until a receiver that is back is noticed.
const MAX_PROBE_PAUSE: Duration = Duration::from_secs(1);

/// The first backoff after the server itself could not make an attempt.
const BACKOFF: Duration = Duration::from_secs(1);
/// How many times the backoff doubles at most.
const MAX_BACKOFF_DOUBLINGS: u32 = 3;

/// A delivery that waits for its attempt.
#[derive(Debug)]
pub(super) struct QueuedDelivery {
    pub(super) delivery: PendingDelivery,
    /// The event, if it is held in memory; otherwise the attempt reads it from the journal.
    pub(super) event: Option<HeldEvent>,
}

/// The state of a receiver, as the end of an attempt shows it. The limit between fast and slow is one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReceiverSignal {
    /// The receiver answered soon.
    FastAnswer,
    /// The receiver answered late.
    SlowAnswer,
    /// The attempt failed without an answer, for example because the connection was refused.
    FastFailure,
    /// The attempt failed late without an answer, for example because it timed out.
    SlowFailure,
    /// The receiver was not contacted.
    Unknown,
}

/// The state of the read that refills the window from the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum RefillState {
    /// No read is under way.
    #[default]
    Idle,
    /// The journal was asked, and has not answered yet.
    Requested,
    /// The journal was asked, but its answer is out of date and will be ignored.
    Outdated,
}

/// The position in the window: first by due time, then by id. Ordered lanes use the id alone.
type WindowKey = (Millis, DeliveryId);

/// The lane of one hook.
///
/// A pending delivery is in the window, in flight, or only in the journal; `journal_due` covers the last group.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent of each other")]
pub(super) struct Lane {
    /// Deliveries are attempted one at a time, in the order of their events.
    ordered: bool,
    /// Other servers add deliveries, too, and only the journal knows their order.
    shared: bool,
    window: BTreeMap<WindowKey, QueuedDelivery>,
    /// The ids of the deliveries in the window.
    queued: HashSet<DeliveryId>,
    /// The earliest due time of the deliveries that are only in the journal; `None` if there are none.
    journal_due: Option<Millis>,
    in_flight: HashSet<DeliveryId>,
    /// Attempts that still wait for an optional answer, although the lane has gone on.
    awaiting_optional: HashSet<DeliveryId>,
    /// The number of results that are not written yet. They count as in flight, because a crash would repeat their
    /// attempts.
    unwritten_results: usize,
    refill: RefillState,
    /// Deliveries that were in flight at some time during a refill; the journal's answer about them may be out of date.
    attempted_during_refill: HashSet<DeliveryId>,
    /// Like `journal_due`, for deliveries that were left in the journal during a refill.
    left_during_refill: Option<Millis>,
    failures_in_a_row: u32,
    /// The last attempt was slow or failed.
    slow: bool,
    /// The last attempt failed slowly.
    slow_failure: bool,
    /// A failing receiver gets no attempt before this time. Its deliveries lose no attempts meanwhile.
    paused_until: Option<Millis>,
    /// The server itself could not make an attempt; the next one is made no earlier than this.
    backoff_until: Option<Millis>,
    backoffs_in_a_row: u32,
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
        (self.paused_until, self.backoff_until) = (None, None);
        self.leave_in_journal(Millis(0));
    }

    /// Empties the window without reading the journal again. The deliveries stay pending there, until the hook is
    /// enabled and the lane is woken.
    pub(super) fn suspend(&mut self) {
        self.clear_window();
        (self.journal_due, self.left_during_refill) = (None, None);
    }

    fn clear_window(&mut self) {
        self.window.clear();
        self.queued.clear();
        if self.refill == RefillState::Requested {
            self.refill = RefillState::Outdated;
        }
    }

    /// Notes that a delivery which is due at `at` is only in the journal.
    fn leave_in_journal(&mut self, at: Millis) {
        // In an ordered lane, a delivery is due as soon as its predecessors have ended.
        let at = if self.ordered { Millis(0) } else { at };
        let earlier = |known: Option<Millis>| Some(known.map_or(at, |known| known.min(at)));
        self.journal_due = earlier(self.journal_due);
        if self.is_refilling() {
            self.left_during_refill = earlier(self.left_during_refill);
        }
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
                let last = self.window.keys().next_back();
                last.map_or(delivery.attempts == 0, |(_, last)| delivery.id > *last)
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
        let id = queued.delivery.id;
        if self.is_in_flight(id) || !self.queued.insert(id) {
            return;
        }
        self.window.insert(self.window_key(&queued.delivery), queued);
        while self.window.len() > WINDOW {
            if let Some((_, last)) = self.window.pop_last() {
                self.queued.remove(&last.delivery.id);
                self.leave_in_journal(last.delivery.at);
            }
        }
    }

    /// Starts a refill if one is needed; returns how many deliveries to request from the journal.
    pub(super) fn start_refill(&mut self, now: Millis) -> Option<u32> {
        let journal_due =
            self.journal_due.filter(|due| *due <= now && !self.is_refilling() && !self.is_paused(now))?;
        let first = self.first_due();
        let is_first_in_journal = !self.ordered && first.is_none_or(|first| journal_due < first);
        if self.window.len() > WINDOW / 4 && !is_first_in_journal {
            return None;
        }
        if self.reads_each() && (!self.window.is_empty() || self.total_in_flight() > 0) {
            return None;
        }
        self.refill = RefillState::Requested;
        self.left_during_refill = None;
        self.attempted_during_refill = self.in_flight.union(&self.awaiting_optional).copied().collect();
        u32::try_from(WINDOW + self.attempted_during_refill.len()).ok()
    }

    /// Takes the journal's answer to a refill that requested `requested` deliveries.
    pub(super) fn finish_refill(&mut self, found: Vec<PendingDelivery>, requested: u32) {
        if std::mem::take(&mut self.refill) == RefillState::Outdated {
            // `journal_due` covers everything that was left in the journal since.
            return;
        }
        self.journal_due = None;
        if let Some(last) = found.last().filter(|_| found.len() >= requested as usize) {
            self.leave_in_journal(last.at);
        }
        if let Some(left) = self.left_during_refill.take() {
            self.leave_in_journal(left);
        }
        let attempted = std::mem::take(&mut self.attempted_during_refill);
        if self.reads_each() && found.len() > 1 {
            self.leave_in_journal(Millis(0));
        }
        for delivery in found.into_iter().take(if self.reads_each() { 1 } else { usize::MAX }) {
            if !attempted.contains(&delivery.id) {
                self.insert(QueuedDelivery { delivery, event: None });
            }
        }
    }

    /// Ends a refill that failed; the journal is asked again after a backoff.
    pub(super) fn refill_failed(&mut self, now: Millis) {
        self.refill = RefillState::Idle;
        self.left_during_refill = None;
        self.back_off(now);
    }

    /// Pauses the lane because the server itself lacks something. The pause doubles each time in a row.
    pub(super) fn back_off(&mut self, now: Millis) {
        if self.is_backing_off(now) {
            return;
        }
        let factor = 1 << self.backoffs_in_a_row.min(MAX_BACKOFF_DOUBLINGS);
        self.backoff_until = Some(now.plus(BACKOFF.saturating_mul(factor)));
        self.backoffs_in_a_row = self.backoffs_in_a_row.saturating_add(1);
    }

    /// Returns true if the lane is paused because the server itself could not make an attempt.
    pub(super) fn is_backing_off(&self, now: Millis) -> bool {
        self.backoff_until.is_some_and(|until| now < until)
    }

    /// Removes and returns the next delivery to attempt now, if fewer than `max_in_flight` attempts are in flight.
    pub(super) fn start(&mut self, now: Millis, max_in_flight: usize) -> Option<QueuedDelivery> {
        let one_at_a_time = self.ordered || self.is_failing() && !self.slow_failure;
        let max = if one_at_a_time { 1 } else { max_in_flight };
        if self.counted_in_flight() >= max
            || self.awaiting_optional.len() >= MAX_AWAITING_OPTIONAL
            || self.is_paused(now)
        {
            return None;
        }
        let first = self.window.first_entry()?;
        if first.get().delivery.at > now {
            return None;
        }
        let queued = first.remove();
        let id = queued.delivery.id;
        self.queued.remove(&id);
        let is_new = self.in_flight.insert(id);
        debug_assert!(
            is_new && !self.awaiting_optional.contains(&id),
            "{id} is attempted twice at the same time"
        );
        debug_assert!(self.counted_in_flight() <= max, "more than {max} attempts are in flight");
        if self.is_refilling() {
            self.attempted_during_refill.insert(id);
        }
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
        self.slow = true;
    }

    /// Ends an attempt. `signal` decides how carefully the receiver is tried from now on.
    pub(super) fn end(&mut self, id: DeliveryId, signal: ReceiverSignal, now: Millis) {
        self.in_flight.remove(&id);
        if self.awaiting_optional.remove(&id) || signal == ReceiverSignal::Unknown {
            return;
        }
        self.backoffs_in_a_row = 0;
        self.slow = signal != ReceiverSignal::FastAnswer;
        self.slow_failure = signal == ReceiverSignal::SlowFailure;
        let failed = matches!(signal, ReceiverSignal::FastFailure | ReceiverSignal::SlowFailure);
        self.failures_in_a_row = if failed { self.failures_in_a_row.saturating_add(1) } else { 0 };
        // A slow failure is a pause in itself. The other deliveries keep to their retry schedule.
        let steps = if self.slow_failure { 0 } else { self.failures_in_a_row };
        let pause = PROBE_PAUSE_STEP.saturating_mul(steps).min(MAX_PROBE_PAUSE);
        self.paused_until = self.is_failing().then(|| now.plus(pause));
    }

    /// Counts a result that was handed to the journal and is not written yet.
    pub(super) const fn result_unwritten(&mut self) {
        self.unwritten_results += 1;
    }

    /// Counts a result that was written, or that never will be.
    pub(super) const fn result_written(&mut self) {
        self.unwritten_results = self.unwritten_results.saturating_sub(1);
    }

    fn is_refilling(&self) -> bool {
        self.refill != RefillState::Idle
    }

    fn is_paused(&self, now: Millis) -> bool {
        self.resumes_at().is_some_and(|until| now < until)
    }

    /// The end of the pause, or of the backoff, whichever is later.
    fn resumes_at(&self) -> Option<Millis> {
        self.paused_until.max(self.backoff_until)
    }

    /// Returns true if the receiver keeps failing slowly; its attempts have permits of their own.
    pub(super) const fn is_hanging(&self) -> bool {
        self.is_failing() && self.slow_failure
    }

    /// Returns true if a delivery has been due since `since`, and nothing keeps the lane from attempting it.
    pub(super) fn is_overdue(&self, since: Millis, now: Millis) -> bool {
        let first = self.first_due();
        let journal_due = self.journal_due.filter(|_| !(self.ordered && first.is_some()));
        let due = first.into_iter().chain(journal_due).min();
        self.in_flight.is_empty() && !self.is_paused(now) && due.is_some_and(|due| due <= since)
    }

    /// Returns true if the receiver has not answered the last few attempts.
    const fn is_failing(&self) -> bool {
        self.failures_in_a_row >= FAILING_AFTER
    }

    /// Returns true if the last attempt was slow or failed, or one in flight has become slow.
    pub(super) const fn is_slow(&self) -> bool {
        self.slow
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
        self.window.values().next().map(|first| first.delivery.event_id)
    }

    fn first_due(&self) -> Option<Millis> {
        self.window.values().next().map(|first| first.delivery.at)
    }

    /// The next time at which there may be something to do, if nothing else happens before.
    pub(super) fn next_at(&self) -> Option<Millis> {
        let first = self.first_due();
        // An ordered lane reads the journal only after its window is empty, one that reads each delivery only after the
        // result of the last one is written.
        let must_wait = self.ordered && first.is_some() || self.reads_each() && self.total_in_flight() > 0;
        let journal_due = self.journal_due.filter(|_| !(self.is_refilling() || must_wait));
        let due = [first, journal_due].into_iter().flatten().min()?;
        Some(self.resumes_at().map_or(due, |until| due.max(until)))
    }

    /// Returns true if the lane holds no state that is worth keeping.
    pub(super) fn is_idle(&self) -> bool {
        let waits = !self.window.is_empty() || self.journal_due.is_some() || self.is_refilling();
        !waits && self.total_in_flight() == 0 && !self.slow
    }
}

#[cfg(test)]
mod tests;
