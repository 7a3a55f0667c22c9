//! The credentials of apps, without their values.

use crate::{ManagedBy, SecretKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The credentials of an app.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Credentials {
    /// First half of the app's `Authorization`, which is its name: `client_id` of a host, `app_id` of a miniapp.
    #[schema(example = "shop")]
    pub client_id: String,
    /// Scheme of the app's `Authorization`.
    #[schema(example = "Token")]
    pub token_prefix: String,
    pub data: Vec<Credential>,
}

/// A credential of an app. Its value is not shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Credential {
    pub kind: SecretKind,
    pub managed_by: ManagedBy,
    /// First characters of a generated value; `null` for other values, whose beginning could help to guess them.
    #[schema(example = "fbt_9kQz")]
    pub prefix: Option<String>,
    /// When the value was set; `null` if that was not recorded.
    #[schema(format = DateTime)]
    pub made_at: Option<String>,
    /// Name of the user or token that set the value.
    pub made_by: Option<String>,
    /// Number of requests that the value has authenticated; `null` if the server cannot see its use.
    pub uses: Option<u64>,
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    /// True if requests to the app carry this value, or are signed with it.
    pub sent: bool,
    /// False for a secret that only the server uses, so that nobody can see which value the app has.
    pub observable: bool,
    /// Replaced values that are still valid, the newest first.
    pub old: Vec<OldCredential>,
}

/// A replaced value of a credential that is still valid.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OldCredential {
    pub prefix: Option<String>,
    #[schema(format = DateTime)]
    pub made_at: Option<String>,
    pub made_by: Option<String>,
    /// Number of requests that it has authenticated since it was replaced; `null` if the server cannot see its use.
    pub uses: Option<u64>,
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    /// True if requests to the app carry this value, or are signed with it.
    pub sent: bool,
    /// Time at which it becomes invalid.
    #[schema(format = DateTime)]
    pub ends_at: String,
}

/// A request to rotate a credential.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateCredential {
    /// How long the old value stays valid: `0`, or a duration up to `7d`; `24h` by default. With `0`, the values of earlier
    /// rotations end, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "24h")]
    pub overlap: Option<String>,
}

/// The new value of a credential, shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct RotatedCredential {
    pub kind: SecretKind,
    pub value: String,
    /// Time until which the old value is valid, too; `null` if it no longer is.
    #[schema(format = DateTime)]
    pub old_ends_at: Option<String>,
}

impl fmt::Debug for RotatedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A request to extend an overlap.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendOverlap {
    /// How long the old values stay valid from now on, at least: a duration up to `7d`.
    #[schema(example = "24h")]
    pub overlap: String,
}
