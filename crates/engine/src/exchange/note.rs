//! The record of an exchange that nobody waits for.

use super::accept::Ready;
use bytes::Bytes;
use footbridge_journal::Journal;
use footbridge_model::exchange::{Ending, ErrorCode, ExchangeFailure, ExchangeHead, ExchangeRecord};
use std::sync::Arc;
use tokio::time::Instant;

/// Writes the record when the exchange has ended, or when its sender has hung up.
pub(super) struct Note {
    journal: Arc<dyn Journal>,
    head: Option<ExchangeHead>,
    begun: Instant,
}

impl Note {
    pub(super) fn new(journal: &Arc<dyn Journal>, ready: &Ready) -> Self {
        Self { journal: Arc::clone(journal), head: Some(ready.head.clone()), begun: ready.begun }
    }

    /// Notes how it ended; an answer is the sender's business and not kept.
    pub(super) fn write(mut self, ending: &Ending) {
        self.note(match ending {
            Ending::Answered(_) => Ending::Answered(Bytes::new()),
            Ending::Failed(failure) => Ending::Failed(failure.clone()),
        });
    }

    fn note(&mut self, ending: Ending) {
        if let Some(head) = self.head.take() {
            let ms = Some(elapsed(self.begun));
            self.journal.record_exchange(ExchangeRecord { head, ending: Some(ending), ms });
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // 499 is what proxies log for a client that closed its request.
        let message = "the sender hung up before the answer";
        self.note(Ending::Failed(ExchangeFailure::new(499, ErrorCode::EventDeliveryFailed, message)));
    }
}

/// Milliseconds since `begun`.
pub(super) fn elapsed(begun: Instant) -> u32 {
    u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX)
}
