//! Bodies of answers about events.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The event, exchange or delivery that led an app to publish an event or to send an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    #[schema(example = "evt_0f7m2k9x4c1aa")]
    pub id: String,
    /// `event`, `exchange` or `delivery`.
    #[schema(example = "event")]
    pub kind: String,
}

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
    /// How it came: `api`, `page`, `function`, `system` or `console`.
    #[schema(example = "api")]
    pub via: String,
    /// The event that led the publisher to publish it.
    pub cause: Option<Cause>,
    /// Id of the trace that the publisher's request belonged to.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace: Option<String>,
    /// True for an event that was sent as a test.
    pub test: bool,
    /// How many of its deliveries have each status, replays included. Statuses that none has are left out.
    pub statuses: BTreeMap<String, u32>,
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
