//! The settings of a provider.

use crate::roles::RoleRule;
use footbridge_model::secret::Secret;

/// The settings of a provider, as the configuration has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// The URL of the provider, exactly as its tokens have it.
    pub issuer: String,
    /// The id under which the provider knows this server.
    pub client_id: String,
    /// The secret that proves the id; `None` for a public client.
    pub client_secret: Option<Secret>,
    /// The name of the provider for people.
    pub name: String,
    /// The scopes to ask for, beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that the rules look at.
    pub claim: String,
    /// The rules that give roles; the first that matches counts.
    pub roles: Vec<RoleRule>,
}
