//! The credentials of apps: their kinds, and how often they were used.

use crate::name::AppName;
use crate::time::Millis;
use std::fmt;
use std::str::FromStr;

/// A kind of credential of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialKind {
    /// The value of `X-Bolt-App-Token`.
    Token,
    /// The password in `Authorization`.
    SecretKey,
    /// The signing secret, `whsec_…`.
    SigningSecret,
}

impl CredentialKind {
    /// All kinds, in the order in which lists show them.
    pub const ALL: [Self; 3] = [Self::Token, Self::SecretKey, Self::SigningSecret];

    /// The kind as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::SecretKey => "secret_key",
            Self::SigningSecret => "signing_secret",
        }
    }

    /// The kind in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::SecretKey => "secret key",
            Self::SigningSecret => "signing secret",
        }
    }

    /// Returns true if apps present it to the server, which sees its use then. Only the server signs with the signing secret.
    pub const fn is_observable(self) -> bool {
        !matches!(self, Self::SigningSecret)
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error for a text that is not a kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `token`, `secret_key` or `signing_secret`")]
pub struct BadCredentialKind;

impl FromStr for CredentialKind {
    type Err = BadCredentialKind;

    fn from_str(text: &str) -> Result<Self, BadCredentialKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(BadCredentialKind)
    }
}

/// The uses of one value of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialUse {
    /// The app that the credential belongs to.
    pub app: AppName,
    /// The kind of the credential.
    pub kind: CredentialKind,
    /// The number of the value, which says nothing about the value.
    pub uses_id: u64,
    /// The number of requests that it has authenticated.
    pub count: u64,
    /// The time of the last of them.
    pub last_at: Millis,
}
