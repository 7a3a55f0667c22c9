//! Reads the deliveries of a lane that are only in the journal.

use super::Scheduler;
use footbridge_journal::{Claim, JournalError, PendingDelivery};
use footbridge_model::id::HookId;
use tokio::time::Instant;

impl Scheduler {
    /// Asks the journal for up to `requested` deliveries of a hook.
    pub(super) fn request_refill(&mut self, claim: Claim, hook: HookId, ordered: bool, requested: u32) {
        // Results first, so that the journal does not return deliveries that have just ended.
        self.flush();
        self.tasks.refill(claim, hook, ordered, requested);
    }

    /// Puts the journal's answer into the lane of the hook.
    pub(super) fn finish_refill(
        &mut self,
        hook: HookId,
        found: Result<Vec<PendingDelivery>, JournalError>,
        requested: u32,
    ) {
        let now = self.clock.now();
        let Some(lane) = self.lanes.get_mut(&hook) else { return };
        match found {
            // The journal may have returned deliveries that have ended, or with an earlier due time.
            Ok(_) if self.completion.recorder.is_overdue() => lane.refill_failed(now),
            Ok(mut found) => {
                for delivery in &mut found {
                    delivery.at = delivery.at.min(self.completion.latest_due(delivery, now));
                }
                lane.finish_refill(found, requested);
            }
            Err(JournalError::Fenced) => {
                // Another server owns the partition. This one finds out at its next write, or with its next beat.
                lane.refill_failed(now);
            }
            Err(error) => {
                let reason = "the journal does not return the deliveries that are due";
                self.progress.report_stall(reason, &error.to_string(), Instant::now());
                lane.refill_failed(now);
            }
        }
        self.run_queue.push(hook);
    }
}
