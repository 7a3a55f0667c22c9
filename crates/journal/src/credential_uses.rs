//! The port of the uses of credentials.

use crate::Wait;
use footbridge_model::credential::CredentialUse;
use footbridge_model::name::AppName;

/// Stores how often the credentials of apps are used. What is stored of a value goes when its app no longer has the value.
pub trait CredentialUses: Send + Sync {
    /// Adds uses to those of the same values that are stored.
    fn add_credential_uses(&self, uses: Vec<CredentialUse>) -> Wait<()>;

    /// Returns what is stored of the credentials of an app, ordered by kind and number.
    fn credential_uses(&self, app: AppName) -> Wait<Vec<CredentialUse>>;
}
