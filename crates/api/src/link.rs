//! Links.

use crate::ManagedBy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Leave for a host and a miniapp to exchange events.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Link {
    #[schema(example = "superapp")]
    pub host: String,
    #[schema(example = "shop")]
    pub miniapp: String,
    pub enabled: bool,
    pub managed_by: ManagedBy,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// A new link.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewLink {
    /// The host app.
    pub host: String,
    /// The miniapp.
    pub miniapp: String,
    /// Whether it holds from the start; `true` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A change of a link.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Switch {
    /// Whether it counts.
    pub enabled: bool,
}
