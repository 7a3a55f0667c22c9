//! The sources that manage apps, links and hooks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The source that manages a resource and may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ManagedBy {
    /// The configuration file of the server.
    File,
    /// The administration API and the command line.
    Api,
    /// The app's own `package.json`.
    Package,
}
