//! The record of an exchange whose sender waits for the answer: written behind the sender's back.

use super::checked::CheckedExchange;
use super::error::ExchangeError;
use crate::stats::TrafficCounter;
use crate::tail::{TailFeed, TailItem};
use bytes::Bytes;
use footbridge_journal::Journal;
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use tokio::time::Instant;

/// Writes the record when the exchange has ended, or when it is dropped because the sender has disconnected.
pub(super) struct RecordGuard<'a> {
    journal: &'a dyn Journal,
    traffic: &'a TrafficCounter,
    tail: &'a TailFeed,
    head: Option<ExchangeHead>,
    started: Instant,
}

impl<'a> RecordGuard<'a> {
    pub(super) fn new(
        journal: &'a dyn Journal,
        traffic: &'a TrafficCounter,
        tail: &'a TailFeed,
        checked: &CheckedExchange,
    ) -> Self {
        Self { journal, traffic, tail, head: Some(checked.head.clone()), started: checked.started }
    }

    /// Records the outcome without the answer, which belongs to the sender alone.
    pub(super) fn write(mut self, outcome: &ExchangeOutcome, status: Option<u16>) {
        let outcome = match outcome {
            ExchangeOutcome::Answered(_) => ExchangeOutcome::Answered(Bytes::new()),
            ExchangeOutcome::Failed(failure) => ExchangeOutcome::Failed(failure.clone()),
        };
        self.record(outcome, status);
    }

    fn record(&mut self, outcome: ExchangeOutcome, answer_status: Option<u16>) {
        if let Some(head) = self.head.take() {
            let ms = elapsed_ms(self.started);
            self.traffic.exchange(&head, &outcome, ms);
            let record = ExchangeRecord { head, ending: Some(outcome), ms: Some(ms), answer_status };
            self.tail.send(|_| TailItem::Exchange(Box::new(record.clone())));
            self.journal.record_exchange(record);
        }
    }
}

impl Drop for RecordGuard<'_> {
    fn drop(&mut self) {
        if self.head.is_some() {
            self.record(ExchangeOutcome::Failed(ExchangeError::SenderLeft.into()), None);
        }
    }
}

/// Milliseconds since `started`.
pub(super) fn elapsed_ms(started: Instant) -> u32 {
    u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX)
}
