//! Bodies of requests and answers about deliveries.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A delivery: one event for one hook.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    #[schema(example = "dlv_0f7m2k9x4c1aa")]
    pub id: String,
    pub event_id: String,
    pub hook_id: String,
    /// App that owns the hook.
    pub app: String,
    /// URL of the receiver; the hook's route if the hook was removed.
    pub url: String,
    /// `pending`, `delivered`, `unanswered`, `dead` or `cancelled`.
    #[schema(example = "delivered")]
    pub status: String,
    pub attempts: u32,
    #[schema(format = DateTime)]
    pub next_attempt_at: Option<String>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    pub last_ms: Option<u32>,
    #[schema(format = DateTime)]
    pub made_at: String,
    /// Name of the event.
    pub event_name: Option<String>,
    /// App that published the event.
    pub publisher: Option<String>,
    /// True if the event was sent as a test.
    pub test: bool,
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub delivery: Delivery,
    pub attempt_log: Vec<Attempt>,
}

/// An attempt to deliver an event.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Number of the attempt; the first is 1.
    pub n: u32,
    #[schema(format = DateTime)]
    pub at: String,
    pub status: Option<u16>,
    pub error: Option<String>,
    pub ms: u32,
    /// Result and output of a function: `{"value", "log"}`. Absent for other receivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub output: Option<Box<RawValue>>,
    /// Beginning of the answer, at most 1 KiB, if the receiver answered with another status than 2xx.
    #[serde(default)]
    pub answer: Option<String>,
}

/// A selection of deliveries. Members that are left out do not limit it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// App that owns the hooks.
    pub app: Option<String>,
    /// Hook of the deliveries.
    pub hook: Option<String>,
    /// Event of the deliveries.
    pub event: Option<String>,
    /// Name of the events.
    pub name: Option<String>,
    /// Status of the deliveries.
    pub status: Option<String>,
    /// HTTP status that the receiver answered last.
    pub code: Option<u16>,
    /// Deliveries created at or after this time: `2026-01-31T12:00:00Z`, or `2h` for two hours ago.
    pub since: Option<String>,
    /// Deliveries created before this time.
    pub until: Option<String>,
}

impl Selection {
    /// Returns the members as query parameters.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let Self { app, hook, event, name, status, code, since, until } = self.clone();
        let code = code.map(|code| code.to_string());
        let all = [
            ("app", app),
            ("hook", hook),
            ("event", event),
            ("name", name),
            ("status", status),
            ("code", code),
            ("since", since),
            ("until", until),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// A request to retry or replay many deliveries. Members that are left out do not limit the selection.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bulk {
    /// App that owns the hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Hook of the deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// Event of the deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Name of the events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Status of the deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// HTTP status that the receiver answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Deliveries created at or after this time: `2026-01-31T12:00:00Z`, or `2h` for two hours ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Deliveries created before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// True to only count the deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

impl Bulk {
    /// Creates the request for a selection.
    pub fn new(selection: Selection, dry_run: bool) -> Self {
        let Selection { app, hook, event, name, status, code, since, until } = selection;
        Self { app, hook, event, name, status, code, since, until, dry_run: Some(dry_run) }
    }

    /// Returns the selection of the request.
    pub fn selection(self) -> Selection {
        let Self { app, hook, event, name, status, code, since, until, dry_run: _ } = self;
        Selection { app, hook, event, name, status, code, since, until }
    }
}

/// The number of deliveries that were retried or replayed, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    pub count: u64,
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_a_function_is_kept_byte_for_byte() {
        // `serde_json::Value` can hold neither half a surrogate pair nor such a number.
        for value in [r#""\ud800""#, "1e999", r#"{"a":[1,2]}"#] {
            let text = format!(
                r#"{{"id":"dlv_1","event_id":"evt_1","hook_id":"hook_1","app":"a","url":"u","status":"dead","attempts":1,"made_at":"t","test":false,
                    "next_attempt_at":null,"last_status":500,"last_error":null,
                    "attempt_log":[{{"n":1,"at":"t","status":500,"error":null,"ms":2,"output":{{"value":{value},"log":""}}}}]}}"#
            );
            let read: DeliveryDetail = serde_json::from_str(&text).unwrap();
            let output = read.attempt_log[0].output.as_ref().unwrap();
            assert_eq!(output.get(), format!(r#"{{"value":{value},"log":""}}"#));
        }
    }
}
