//! Bodies of answers about the audit log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    #[schema(example = "aud_01hzx3v9k7q2m")]
    pub id: String,
    #[schema(format = DateTime)]
    pub at: String,
    pub who: AuditActor,
    /// Address that the request came from; `null` for acts of the server and the configuration file.
    pub from: Option<String>,
    /// The act, as a kind of object and a verb.
    #[schema(example = "app.create")]
    pub action: String,
    pub object: AuditObject,
    /// Members that the change replaced or deleted, without secrets.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// Members that the change set, without secrets.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    pub note: Option<String>,
}

/// The one who made a change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    /// `token` for the admin token, `user`, `api_token`, `file` for the configuration file, `system` for the server, or
    /// `app`.
    pub kind: String,
    /// Name of the user, token or app, or the path of the file.
    pub name: String,
}

/// The thing that was changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditObject {
    #[schema(example = "app")]
    pub kind: String,
    /// Name or id; `host/miniapp` for a link.
    pub id: String,
}
