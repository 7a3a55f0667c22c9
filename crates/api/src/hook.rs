//! Hooks.

use crate::ManagedBy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A hook. The last four members are there only when they are not the default.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    #[schema(example = "hook_0f7m2k9x4c1aa")]
    pub id: String,
    pub app: String,
    /// Whose events, `*` for anybody's.
    pub publisher: String,
    /// Which events, `*` for all.
    pub event: String,
    pub route: String,
    #[serde(rename = "type")]
    #[schema(example = "server")]
    pub kind: String,
    pub transient: bool,
    pub enabled: bool,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "optional")]
    pub answer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<ManagedBy>,
}

/// A hook that was just made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeHook {
    #[serde(flatten)]
    pub hook: Hook,
    /// What is right but probably not meant; left out when there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Hook {
    /// What it listens for.
    pub fn pattern(&self) -> String {
        format!("{}/{}", self.publisher, self.event)
    }
}

/// A new hook, as the command line asks for it.
#[derive(Debug, Clone, Serialize)]
pub struct NewHook {
    pub app: String,
    pub pattern: String,
    pub route: String,
    #[serde(rename = "type")]
    pub kind: String,
}

/// A change of a hook: what is left out stays. The hook keeps its id, and what waits for it follows it.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct HookPatch {
    /// Whether it takes events; `true` also after its receiver answered 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Where its events go from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How the route is read: `server`, `web` or `router`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `required` or `optional`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The most deliveries in flight, 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u8>,
    /// Deliver strictly in the order of acceptance, one at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
}
