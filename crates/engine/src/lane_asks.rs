//! Questions about lanes for the dispatcher. It answers them between two turns; nothing is kept for them.

use footbridge_model::id::{DeliveryId, HookId};
use std::collections::HashMap;
use tokio::sync::oneshot;

/// The state of a lane in the dispatcher's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LaneState {
    /// The number of attempts in flight, and of results that are not written yet.
    pub(crate) in_flight: usize,
    /// True if the receiver has not answered the last few attempts.
    pub(crate) receiver_fails: bool,
    /// True if the lane waits until its installed app is started.
    pub(crate) waits_for_app: bool,
}

/// A question, or a message, to the dispatcher.
#[derive(Debug)]
pub(crate) enum LaneAsk {
    /// Asks for the states of the lanes of these hooks. Lanes without one are left out of the answer.
    States {
        /// The hooks of the lanes.
        hooks: Vec<HookId>,
        /// Gets the answer of the dispatcher.
        reply: oneshot::Sender<HashMap<HookId, LaneState>>,
    },
    /// Says that a delivery was cancelled in the journal.
    Withdraw {
        /// The hook of the delivery.
        hook: HookId,
        /// The delivery that was cancelled.
        delivery: DeliveryId,
    },
}
