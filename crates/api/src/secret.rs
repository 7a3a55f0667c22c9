//! Secrets. Each is shown once.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// New secrets, shown this once. Secrets that did not change are left out.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct MadeSecrets {
    /// Value of the header `X-Bolt-App-Token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Second half of the app's `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// Signing secret of Standard Webhooks, `whsec_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<String>,
}

impl fmt::Debug for MadeSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Generated secrets that nobody had seen, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ShownSecrets {
    pub name: String,
    #[serde(flatten)]
    pub made: MadeSecrets,
}

/// The result of a rotation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rotated {
    pub name: String,
    #[serde(flatten)]
    pub made: MadeSecrets,
    /// Time until which the previous secrets are valid too; `null` if they no longer are.
    #[schema(format = DateTime)]
    pub previous_valid_until: Option<String>,
    /// Explanation of the rotation's effect on the app's receivers.
    pub note: String,
}

/// The kind of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum SecretKind {
    /// Value of the header `X-Bolt-App-Token`.
    Token,
    /// Second half of the app's `Authorization`.
    SecretKey,
    /// Signing secret of Standard Webhooks, `whsec_…`.
    SigningSecret,
}

impl TryFrom<String> for SecretKind {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        match text.as_str() {
            "token" => Ok(Self::Token),
            "secret_key" => Ok(Self::SecretKey),
            "signing_secret" => Ok(Self::SigningSecret),
            _ => Err("must be `token`, `secret_key` or `signing_secret`"),
        }
    }
}

/// A request to rotate secrets.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// Secrets to rotate; by default all that the configuration file does not define.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<SecretKind>>,
    /// True to end the previous secrets at once instead of after 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<bool>,
}
