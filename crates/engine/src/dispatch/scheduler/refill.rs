//! Reads the deliveries of a lane that are only in the journal.

use super::Scheduler;
use crate::dispatch::task_report::RefillRequest;
use footbridge_journal::{Claim, JournalError, PendingDelivery};
use footbridge_model::id::HookId;
use tokio::time::Instant;

impl Scheduler {
    /// Asks the journal for up to `requested` deliveries of a hook.
    pub(super) fn request_refill(&mut self, claim: Claim, hook: HookId, ordered: bool, requested: u32) {
        // Results first, so that the journal does not return deliveries that have just ended.
        self.flush();
        let overdue_ended = self.completion.recorder.overdue_ended();
        self.tasks.refill(claim, RefillRequest { hook, ordered, requested, overdue_ended });
    }

    /// Puts the journal's answer into the lane of the hook.
    pub(super) fn finish_refill(
        &mut self,
        request: &RefillRequest,
        found: Result<Vec<PendingDelivery>, JournalError>,
    ) {
        let (hook, now) = (request.hook, self.clock.now());
        let Some(lane) = self.lanes.get_mut(&hook) else { return };
        let recorder = &self.completion.recorder;
        match found {
            // The journal may have returned deliveries that have ended, or with an earlier due time.
            Ok(_) if recorder.is_overdue() => lane.refill_failed(now),
            Ok(_) if recorder.overdue_ended() != request.overdue_ended => lane.refill_outdated(),
            Ok(mut found) => {
                for delivery in &mut found {
                    delivery.at = delivery.at.min(self.completion.latest_due(delivery, now));
                }
                lane.finish_refill(found, request.requested);
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
