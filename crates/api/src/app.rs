//! Apps.

use crate::MadeSecrets;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ManagedBy {
    /// The configuration file.
    File,
    /// This API.
    Api,
    /// The app's `package.json`.
    Package,
}

/// An app, without its secrets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct App {
    #[schema(example = "superapp")]
    pub name: String,
    pub token_prefix: String,
    pub receiver_url: Option<String>,
    pub receiver_enabled: bool,
    pub receiver_auth: Option<ReceiverAuth>,
    /// A file with authorities that are trusted when it is sent to.
    pub ca_file: Option<String>,
    pub url: Option<String>,
    pub miniapp_url: Option<String>,
    pub private: Vec<String>,
    pub enabled: bool,
    pub managed_by: ManagedBy,
    #[schema(format = DateTime)]
    pub created_at: String,
    pub secrets: Secrets,
}

/// A credential for a receiver, without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReceiverAuth {
    pub name: String,
}

/// Where each secret stands; never the secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Secrets {
    pub token: Secret,
    pub secret_key: Secret,
    pub signing_secret: Secret,
}

/// Where a secret stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// Whether the configuration file gives it, so that it cannot be rotated here.
    pub managed_by: ManagedBy,
    /// Until when the one before it counts as well; `null` outside a rotation.
    #[schema(format = DateTime)]
    pub previous_valid_until: Option<String>,
    /// Whether it was made here and nobody has seen it: `POST …/secrets` shows it, once.
    #[serde(default)]
    pub unseen: bool,
}

/// An app that was just made, with its secrets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeApp {
    #[serde(flatten)]
    pub app: App,
    #[serde(flatten)]
    pub made: MadeSecrets,
    /// What is right but probably not meant; left out when there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What of a new app the command line can say.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewApp {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniapp_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_prefix: Option<String>,
}
