//! Takes deliveries from the rest of the engine: offers, woken hooks, and those that bypass their lanes.

use super::{HOOK_GONE, Scheduler};
use crate::dispatch::lane::QueuedDelivery;
use crate::dispatch::task_report::InFlightAttempt;
use crate::lanes::{BypassRequest, Offer};
use footbridge_model::id::HookId;
use std::collections::BTreeSet;

impl Scheduler {
    /// Notes which event is the oldest that is not committed. Call this before the offers are taken: every older
    /// event has reached its lanes after that.
    pub(in crate::dispatch) fn note_oldest_open(&mut self) {
        self.oldest_open = self.watermark.oldest_open();
    }

    /// Queues deliveries that were just committed.
    pub(in crate::dispatch) fn offer(&mut self, offers: &mut Vec<Offer>) {
        for Offer { event, deliveries } in offers.drain(..) {
            for delivery in deliveries {
                let queued = QueuedDelivery {
                    delivery: delivery.pending(&event),
                    event: self.memory_budget.try_hold(&event),
                };
                self.lane(delivery.hook_id).offer(queued);
                self.run_queue.push(delivery.hook_id);
            }
        }
    }

    /// Lets lanes read their hook and the journal again, because one of them has changed.
    pub(in crate::dispatch) fn wake(&mut self, hooks: BTreeSet<HookId>) {
        for hook in hooks {
            let ordered = self.registry.index.load().hook(hook).map(|entry| entry.hook.options.ordered);
            let lane = self.lane(hook);
            if let Some(ordered) = ordered {
                lane.set_ordered(ordered);
            }
            lane.reload();
            self.run_queue.push(hook);
        }
    }

    /// Makes the first and only attempt of deliveries that bypass their lanes.
    pub(in crate::dispatch) fn send_bypass(&mut self, requests: &mut Vec<BypassRequest>) {
        for BypassRequest { event, deliveries, done } in requests.drain(..) {
            for new in deliveries {
                let Some(claim) = self.claims.get(new.partition) else {
                    // The owner of the partition delivers it.
                    self.bypass.remove(new.id);
                    continue;
                };
                let Some((hook, app)) = self.hook_and_app(new.hook_id) else {
                    self.completion.recorder.cancelled(claim, None, new.id, HOOK_GONE);
                    self.bypass.remove(new.id);
                    continue;
                };
                let delivery = new.pending(&event);
                let queued =
                    QueuedDelivery { delivery: delivery.clone(), event: self.memory_budget.try_hold(&event) };
                self.permits.start_without_permit();
                let attempt = InFlightAttempt { delivery, hook, claim, event: None };
                self.tasks.bypass_attempt(queued, attempt, app, done.clone());
            }
        }
    }
}
