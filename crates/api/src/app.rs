//! Bodies of requests and answers about apps.

use crate::members::{not_null, nullable, nullable_object, object_or_null};
use crate::{MadeSecrets, ManagedBy, NewHooks};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// An app, without its secrets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct App {
    #[schema(example = "superapp")]
    pub name: String,
    pub token_prefix: String,
    pub receiver_url: Option<String>,
    pub receiver_enabled: bool,
    pub receiver_auth: Option<ReceiverAuth>,
    /// PEM file with certificate authorities that are trusted for requests to this app.
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

/// The state of each secret of an app, without the secrets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Secrets {
    pub token: Secret,
    pub secret_key: Secret,
    pub signing_secret: Secret,
}

/// The state of a secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// `file` if the configuration file defines the secret; the API cannot rotate it then.
    pub managed_by: ManagedBy,
    /// Time until which the previous secret is valid too; `null` outside a rotation.
    #[schema(format = DateTime)]
    pub previous_valid_until: Option<String>,
    /// True if the server generated the secret and nobody has seen it: `POST …/secrets` shows it once.
    #[serde(default)]
    pub unseen: bool,
}

/// A new app with its secrets.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeApp {
    #[serde(flatten)]
    pub app: App,
    #[serde(flatten)]
    pub made: MadeSecrets,
    /// Parts of the request that are valid but probably not intended. Left out when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A request for a new app. Secrets that are left out are generated.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApp {
    /// Name of the app.
    pub name: String,
    /// Value of the header `X-Bolt-App-Token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Second half of the app's `Authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// Signing secret of Standard Webhooks, `whsec_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<String>,
    /// Scheme of the app's `Authorization`; `Token` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_prefix: Option<String>,
    /// URL that receives the app's exchanges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_url: Option<String>,
    /// False to refuse exchanges with this app; true by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver_enabled: Option<bool>,
    /// Credential that the receiver expects instead of the app's own.
    #[serde(default, deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub receiver_auth: Option<NewReceiverAuth>,
    /// PEM file on the server with certificate authorities that are trusted for requests to this app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Base URL of the app's `server` hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// URL of the page that a host embeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miniapp_url: Option<String>,
    /// Names of the app's events that hooks with a `*` in their pattern never get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<Vec<String>>,
    /// Hooks of the app: each pattern with a route, or with the members of a hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<NewHooks>,
}

impl fmt::Debug for NewApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApp").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A credential for a receiver.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReceiverAuth {
    /// First half of the credential.
    pub name: String,
    /// Second half of the credential.
    pub secret: String,
}

impl fmt::Debug for NewReceiverAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewReceiverAuth").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A change of an app. Members that are left out stay; `null` removes a value.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = PatchApp)]
pub struct AppPatch {
    /// Scheme of the app's `Authorization`.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub token_prefix: Option<String>,
    /// URL that receives the app's exchanges.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub receiver_url: Option<Option<String>>,
    /// False to refuse exchanges with this app.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub receiver_enabled: Option<bool>,
    /// Credential that the receiver expects instead of the app's own.
    #[serde(deserialize_with = "nullable_object", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NewReceiverAuth>)]
    pub receiver_auth: Option<Option<NewReceiverAuth>>,
    /// PEM file on the server with certificate authorities that are trusted for requests to this app.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ca_file: Option<Option<String>>,
    /// Base URL of the app's `server` hooks.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub url: Option<Option<String>>,
    /// URL of the page that a host embeds.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub miniapp_url: Option<Option<String>>,
    /// Names of the app's events that hooks with a `*` in their pattern never get; `null` for none.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub private: Option<Option<Vec<String>>>,
    /// False to disable the app.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub enabled: Option<bool>,
}
