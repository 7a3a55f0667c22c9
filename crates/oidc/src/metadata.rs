//! The endpoints of a provider (`OpenID Connect` Discovery).

use crate::error::OidcError;
use serde::Deserialize;

/// The part of a provider's metadata that a sign-in needs.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Metadata {
    /// Reads the metadata of this issuer.
    ///
    /// # Errors
    /// It is not metadata, or it is of another issuer.
    pub(crate) fn parse(bytes: &[u8], issuer: &str) -> Result<Self, OidcError> {
        let read: Self = serde_json::from_slice(bytes)
            .map_err(|error| OidcError::provider(format!("its metadata cannot be read ({error})")))?;
        if read.issuer != issuer {
            let why =
                format!("its metadata names the issuer {:?}, and `[oidc] issuer` is {issuer:?}", read.issuer);
            return Err(OidcError::provider(why));
        }
        Ok(read)
    }

    /// Returns true if the client's secret goes into the body of the request: the provider does not take it in the header.
    pub(crate) fn takes_secret_in_body(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        !methods.is_empty() && !methods.iter().any(|method| method == "client_secret_basic")
    }
}

/// Returns the URL of an issuer's metadata.
pub(crate) fn url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}
