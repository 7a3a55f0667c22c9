//! Sign-in at a provider of `OpenID Connect`: the authorization code flow with PKCE.
//!
//! A [`Provider`] finds the endpoints and keys of the issuer, sends the browser there, exchanges the code that it brings back,
//! and checks the ID token. Requests leave through the courier, under its address policy.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic))]

mod claims;
mod error;
mod fetch;
mod flow;
mod jwks;
mod jwt;
mod metadata;
mod provider;
mod roles;
mod settings;
#[cfg(test)]
mod tests;

pub use claims::Identity;
pub use error::OidcError;
pub use flow::Flow;
pub use provider::Provider;
pub use roles::{RoleRule, RoleRuleError};
pub use settings::OidcSettings;
