//! Secrets, which are shown once.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Secrets, shown this once; only those that were made.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct MadeSecrets {
    /// `X-Bolt-App-Token`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The second half of its `Authorization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// `whsec_…`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<String>,
}

impl fmt::Debug for MadeSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Secrets that were made and that nobody had seen, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ShownSecrets {
    pub name: String,
    #[serde(flatten)]
    pub made: MadeSecrets,
}

/// Secrets that were just replaced.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rotated {
    pub name: String,
    #[serde(flatten)]
    pub made: MadeSecrets,
    /// Until when the ones before count as well; `null` when they no longer do.
    #[schema(format = DateTime)]
    pub previous_valid_until: Option<String>,
    /// What follows for the app's receivers, in words.
    pub note: String,
}

/// Which secrets to replace, and how soon.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rotate {
    /// `token`, `secret_key`, `signing_secret`; all that the file does not give when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<String>>,
    /// Whether the old ones end at once instead of in 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<bool>,
}
