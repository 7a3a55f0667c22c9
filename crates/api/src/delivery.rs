//! Deliveries.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One event on its way to one hook.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    #[schema(example = "dlv_0f7m2k9x4c1aa")]
    pub id: String,
    pub event_id: String,
    pub hook_id: String,
    /// Whose hook it is.
    pub app: String,
    /// Where it goes; the hook's route when the hook is gone.
    pub url: String,
    /// `pending`, `delivered`, `unanswered`, `dead` or `cancelled`.
    #[schema(example = "delivered")]
    pub status: String,
    pub attempts: u32,
    #[schema(format = DateTime)]
    pub next_attempt_at: Option<String>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub delivery: Delivery,
    pub attempt_log: Vec<Attempt>,
}

/// One attempt.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Its number; the first is 1.
    pub n: u32,
    #[schema(format = DateTime)]
    pub at: String,
    pub status: Option<u16>,
    pub error: Option<String>,
    pub ms: u32,
    /// What a function returned and wrote: `{"value", "log"}`. Absent for every other receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub output: Option<Box<RawValue>>,
}

/// Which deliveries. What is left out does not narrow them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Selection {
    /// Only to hooks of this app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Only to this hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// Only of this event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Only of events of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only with this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only those whose receiver answered this HTTP status last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Only those made at or after this time: `2026-01-31T12:00:00Z`, or `2h` for two hours ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only those made before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Selection {
    /// The members as query parameters.
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

/// Which deliveries to do something with.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Bulk {
    #[serde(flatten)]
    pub selection: Selection,
    /// Only count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// With how many deliveries it was done, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    pub count: u64,
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apps_wrote_is_read_as_it_stands() {
        // Neither half of a surrogate pair nor such a number fits a `serde_json::Value`.
        for value in [r#""\ud800""#, "1e999", r#"{"a":[1,2]}"#] {
            let text = format!(
                r#"{{"id":"dlv_1","event_id":"evt_1","hook_id":"hook_1","app":"a","url":"u","status":"dead","attempts":1,
                    "next_attempt_at":null,"last_status":500,"last_error":null,
                    "attempt_log":[{{"n":1,"at":"t","status":500,"error":null,"ms":2,"output":{{"value":{value},"log":""}}}}]}}"#
            );
            let read: DeliveryDetail = serde_json::from_str(&text).unwrap();
            let output = read.attempt_log[0].output.as_ref().unwrap();
            assert_eq!(output.get(), format!(r#"{{"value":{value},"log":""}}"#));
        }
    }
}
