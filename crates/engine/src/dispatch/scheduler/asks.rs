//! Answers what the rest of the engine asks about lanes.

use super::Scheduler;
use crate::lane_asks::{LaneAsk, LaneState};
use footbridge_model::id::HookId;

impl Scheduler {
    /// Handles questions about lanes, and deliveries that were cancelled.
    pub(in crate::dispatch) fn answer(&mut self, asks: &mut Vec<LaneAsk>) {
        for ask in asks.drain(..) {
            match ask {
                LaneAsk::States { hooks, reply } => {
                    let states =
                        hooks.into_iter().filter_map(|hook| Some((hook, self.lane_state(hook)?))).collect();
                    // Whoever asked has gone.
                    let _ = reply.send(states);
                }
                LaneAsk::Withdraw { hook, delivery } => {
                    self.update_lane(hook, |lane| lane.withdraw(delivery));
                }
            }
        }
    }

    /// The state of a lane; `None` if there is nothing in memory.
    fn lane_state(&self, hook: HookId) -> Option<LaneState> {
        let lane = self.lanes.get(&hook)?;
        Some(LaneState {
            in_flight: lane.total_in_flight(),
            receiver_fails: lane.is_failing(),
            waits_for_app: self.waiting_for_app.contains(hook),
        })
    }
}
