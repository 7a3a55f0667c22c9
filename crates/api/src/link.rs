//! Bodies of requests and answers about links.

use crate::ManagedBy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A link, which allows a host and a miniapp to exchange events.
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

/// A request for a new link.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// Name of the host app.
    pub host: String,
    /// Name of the miniapp.
    pub miniapp: String,
    /// False to create a disabled link; true by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A change of a link.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Switch)]
pub struct LinkPatch {
    /// False to disable the link.
    pub enabled: bool,
}
