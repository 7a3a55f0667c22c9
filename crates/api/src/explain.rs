//! Explain: which hooks would get an event, and why the others would not.

use crate::Hook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A hypothetical event to explain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// App that would publish the event.
    pub publisher: String,
    /// Name of the event.
    pub name: String,
    /// Apps that the publisher would name as subscribers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Vec<String>>,
}

/// The result for one hook.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Judgement {
    pub hook: Hook,
    pub would_get: bool,
    pub reason: String,
}

/// One page of results, ordered by hook id.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Judgements {
    pub data: Vec<Judgement>,
    /// Value of `cursor` for the next page; `null` on the last page.
    pub next: Option<String>,
    /// Number of hooks on all pages that would get the event.
    pub would_get: u64,
    /// Parts of the question that are probably not intended, such as an unknown publisher.
    pub warnings: Vec<String>,
}
