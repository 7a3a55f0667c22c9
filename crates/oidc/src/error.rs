//! The reasons why a sign-in at the provider fails.

/// Why somebody was not signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The provider cannot be reached, or its answer is not what it must be.
    #[error(
        "the provider cannot be used: {0}; somebody with the admin token can sign in with `footbridge console`"
    )]
    Provider(String),
    /// The provider did not sign the user in.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The ID token is not what it must be.
    #[error("the ID token was refused: {0}")]
    Token(String),
    /// The browser did not begin this sign-in here, or too long ago.
    #[error("this sign-in did not begin in this browser, or more than ten minutes ago; begin again")]
    State,
    /// No rule gives the user a role.
    #[error(
        "nothing gives you a role here: the claim `{claim}` {found}; the setting is `[oidc] roles`, and the provider sent the claims {seen}"
    )]
    NoRole {
        /// The claim that the rules look at.
        claim: String,
        /// The state of the claim, in words.
        found: &'static str,
        /// The names of the claims that were there; never their values.
        seen: String,
    },
}

impl OidcError {
    /// Creates the error of an ID token.
    pub(crate) fn token(why: impl Into<String>) -> Self {
        Self::Token(why.into())
    }

    /// Creates the error of the provider.
    pub(crate) fn provider(why: impl Into<String>) -> Self {
        Self::Provider(why.into())
    }
}
