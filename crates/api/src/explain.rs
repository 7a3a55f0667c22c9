//! Explain: which hooks would get an event, and why the others would not.

use crate::Hook;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// True or false to assume that the event is private or not; without it, the settings of the publisher decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Changes that are assumed, at most 50. Nothing is changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<WhatIf>,
}

/// A change that is assumed, and not made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum WhatIf {
    /// A link is switched on or off. Links decide about exchanges, not about published events.
    Link { host: String, miniapp: String, enabled: bool },
    /// A hook is switched on or off.
    Hook { id: String, enabled: bool },
    /// An app is switched on or off.
    App { name: String, enabled: bool },
    /// A hook is added.
    NewHook { app: String, pattern: String, route: String },
}

/// The verdict about an event at one hook, or about an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// `gets`, `no_link`, `other_publisher`, `other_event`, `private`, `not_a_subscriber`, `hook_disabled`,
    /// `hook_disabled_410`, `app_disabled`, `hook_made_later`, `hook_removed`, `delivered`, `unanswered`, `waiting_retry`,
    /// `waiting_order`, `waiting_window`, `waiting_app`, `waiting_paused`, `refused_address`, `dead` or `cancelled`.
    #[schema(example = "hook_disabled")]
    pub code: String,
    /// The verdict in words.
    pub text: String,
}

/// A change that would lead to another verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Fix {
    /// The change in words.
    pub text: String,
    /// Operation that does it, if there is one.
    pub operation: Option<Operation>,
    /// Screen of the console where it is done.
    #[schema(example = "/hooks?id=hook_0f7m2k9x4c1aa")]
    pub screen: String,
}

/// A request to the administration API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    #[schema(example = "PATCH")]
    pub method: String,
    #[schema(example = "/api/v1/hooks/hook_0f7m2k9x4c1aa")]
    pub path: String,
    #[schema(value_type = Option<Object>)]
    pub body: Option<Value>,
}

/// The result for one hook.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Judgement {
    pub hook: Hook,
    pub would_get: bool,
    /// Code of the verdict.
    #[schema(example = "hook_disabled")]
    pub code: String,
    pub reason: String,
    /// Change that would lead to another verdict.
    pub fix: Option<Fix>,
}

/// One page of results, ordered by hook id.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Judgements {
    pub data: Vec<Judgement>,
    /// Value of `cursor` for the next page; `null` on the last page.
    pub next: Option<String>,
    /// Number of hooks on all pages that would get the event.
    pub would_get: u64,
    /// Hooks that would get the event only with the assumed changes. A hook that does not exist has the id `new`.
    pub would_add: Vec<Hook>,
    /// Hooks that would get the event only without the assumed changes.
    pub would_lose: Vec<Hook>,
    /// Parts of the question that are probably not intended, such as an unknown publisher.
    pub warnings: Vec<String>,
}

/// The result for one hook and a stored event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventJudgement {
    pub hook: Hook,
    /// True if the hook would get the event if it were published again now.
    pub would_get: bool,
    /// Code of the verdict now.
    #[schema(example = "hook_disabled")]
    pub code: String,
    pub reason: String,
    /// Change that would lead to another verdict.
    pub fix: Option<Fix>,
    /// Verdict when the event was published.
    pub then: Verdict,
    /// Verdict now: the fate of the event at this hook.
    pub now: Verdict,
    /// The change between the two verdicts.
    pub changed: Option<String>,
}

/// One page of results for a stored event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventJudgements {
    pub data: Vec<EventJudgement>,
    /// Value of `cursor` for the next page; `null` on the last page.
    pub next: Option<String>,
    /// Number of hooks on all pages that have got or would get the event.
    pub would_get: u64,
    pub warnings: Vec<String>,
}
