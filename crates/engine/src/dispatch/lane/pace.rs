//! How carefully the receiver of a lane is tried, after what its last attempts have shown.

use footbridge_model::time::Millis;
use std::time::Duration;

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

/// The state of a receiver, as the end of an attempt shows it. The limit between fast and slow is one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dispatch) enum ReceiverSignal {
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

/// The pauses between attempts, and the number of attempts at a time.
#[derive(Debug, Default)]
pub(super) struct Pace {
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

impl Pace {
    /// Takes what the end of an attempt shows.
    pub(super) fn note(&mut self, signal: ReceiverSignal, now: Millis) {
        if signal == ReceiverSignal::Unknown {
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

    /// Marks the receiver as slow while an attempt is still in flight.
    pub(super) const fn mark_slow(&mut self) {
        self.slow = true;
    }

    /// Pauses because the server itself lacks something. The pause doubles each time in a row.
    pub(super) fn back_off(&mut self, now: Millis) {
        if self.is_backing_off(now) {
            return;
        }
        let factor = 1 << self.backoffs_in_a_row.min(MAX_BACKOFF_DOUBLINGS);
        self.backoff_until = Some(now.plus(BACKOFF.saturating_mul(factor)));
        self.backoffs_in_a_row = self.backoffs_in_a_row.saturating_add(1);
    }

    /// Ends the pause and the backoff.
    pub(super) const fn resume(&mut self) {
        (self.paused_until, self.backoff_until) = (None, None);
    }

    /// The end of the pause, or of the backoff, whichever is later.
    pub(super) fn resumes_at(&self) -> Option<Millis> {
        self.paused_until.max(self.backoff_until)
    }

    /// Returns true during a pause or a backoff.
    pub(super) fn is_paused(&self, now: Millis) -> bool {
        self.resumes_at().is_some_and(|until| now < until)
    }

    /// Returns true during a backoff.
    pub(super) fn is_backing_off(&self, now: Millis) -> bool {
        self.backoff_until.is_some_and(|until| now < until)
    }

    /// Returns true if the last attempt was slow or failed, or one in flight has become slow.
    pub(super) const fn is_slow(&self) -> bool {
        self.slow
    }

    /// Returns true if the receiver keeps failing slowly.
    pub(super) const fn is_hanging(&self) -> bool {
        self.is_failing() && self.slow_failure
    }

    /// Returns true if the receiver keeps failing at once, and gets one attempt at a time.
    pub(super) const fn is_probing(&self) -> bool {
        self.is_failing() && !self.slow_failure
    }

    /// Returns true if the receiver has not answered the last few attempts.
    pub(super) const fn is_failing(&self) -> bool {
        self.failures_in_a_row >= FAILING_AFTER
    }
}
