//! Lanes: the queues of hooks.

use crate::Hook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The lane of a hook: the queue of its pending deliveries.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Lane {
    pub hook: Hook,
    /// `idle`, `moving`, `waiting` (some deliveries wait for others), `standing` (none gets through), `paused` or `off`.
    #[schema(example = "standing")]
    pub state: String,
    /// Why it does not move freely: `head_failing`, `window_full`, `app_down`, `hook_off`, `hook_off_410`, `paused` or
    /// `app_disabled`; `null` if it does.
    #[schema(example = "head_failing")]
    pub why: Option<String>,
    /// State and reason in words.
    pub text: String,
    /// Since when it is in this state; `null` if that is not known.
    #[schema(format = DateTime)]
    pub since: Option<String>,
    /// Number of pending deliveries.
    pub pending: u64,
    /// Number of deliveries in flight.
    pub in_flight: u64,
    /// Oldest of the pending deliveries.
    pub head: Option<LaneHead>,
    /// Time since the oldest pending delivery was made, in milliseconds.
    pub head_age_ms: Option<u64>,
    /// Pause of the lane, if an operator has paused it.
    pub paused: Option<LanePause>,
}

/// The oldest pending delivery of a lane.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LaneHead {
    pub delivery_id: String,
    pub event_id: String,
    pub attempts: u32,
    #[schema(format = DateTime)]
    pub next_attempt_at: Option<String>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
}

/// The pause of a lane.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LanePause {
    #[schema(format = DateTime)]
    pub at: String,
    /// Name of the operator.
    pub by: String,
    pub reason: Option<String>,
}

/// A request that may give a reason.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reason {
    /// Reason for others to read, at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A request to cancel the oldest pending delivery of a hook.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// Delivery that the caller believes to be the oldest.
    pub delivery_id: String,
    /// Reason for others to read, at most 200 characters.
    pub reason: String,
}
