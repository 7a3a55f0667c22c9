//! Bodies of answers about events.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An event that was accepted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Event {
    #[schema(example = "evt_0f7m2k9x4c1aa")]
    pub id: String,
    pub name: String,
    pub publisher: String,
    #[schema(format = DateTime)]
    pub time: String,
    /// Number of deliveries of the event.
    pub deliveries: u32,
}

/// An accepted event with its body.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EventDetail {
    #[serde(flatten)]
    pub event: Event,
    /// Body of the event, byte for byte; `null` for a caller without the permission `payloads.read`.
    #[schema(value_type = Option<serde_json::Value>)]
    pub body: Option<Box<RawValue>>,
    /// Headers that are sent with every delivery; `null` for a caller without the permission `payloads.read`.
    pub headers: Option<BTreeMap<String, String>>,
}
