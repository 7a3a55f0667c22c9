//! Who would get an event, and why the others would not.

use crate::Hook;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event that might be published.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Question {
    /// Who would publish it.
    pub publisher: String,
    /// What it would be called.
    pub name: String,
    /// Whom the publisher would name; left out for nobody in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Vec<String>>,
}

/// What one hook would make of an event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Judgement {
    pub hook: Hook,
    pub would_get: bool,
    pub reason: String,
}

/// One page of what the hooks would make of an event, by their ids.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Judgements {
    pub data: Vec<Judgement>,
    /// What to send as `cursor` for the page after this one; `null` on the last.
    pub next: Option<String>,
    /// How many hooks would get it, on all pages together.
    pub would_get: u64,
    /// What is odd about the question, such as a publisher that no app is called.
    pub warnings: Vec<String>,
}
