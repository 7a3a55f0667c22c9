//! Apps and the links between them.

use crate::address::AddressClasses;
use crate::credential::CredentialKind;
use crate::hook::Origin;
use crate::name::{AppName, EventName};
use crate::package::Package;
use crate::rotation::Rotating;
use crate::secret::Secret;
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// The default scheme of the `Authorization` header.
pub const TOKEN_PREFIX: &str = "Token";

/// An app: a host, a miniapp, a publisher, a subscriber, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The name of the app: `client_id` or `app_id` on the bridge, the app name in Bolt.
    pub name: AppName,
    /// The secrets that authenticate the app and sign requests to it.
    pub secrets: AppSecrets,
    /// The secrets that the server has generated and nobody has seen yet.
    pub unseen: Unseen,
    /// The scheme of the `Authorization` header, in both directions.
    pub token_prefix: String,
    /// The URL that receives exchanges.
    pub receiver_url: Option<String>,
    /// False if its receiver is switched off.
    pub receiver_enabled: bool,
    /// The credentials that its receiver expects instead of the app's own.
    pub receiver_auth: Option<ReceiverAuth>,
    /// The base URL of its `server` hooks.
    pub url: Option<String>,
    /// The classes of the addresses that the host names in its URLs had when they were saved. Names that were not
    /// resolved yet are missing.
    pub host_classes: BTreeMap<String, AddressClasses>,
    /// A file with additional certificate authorities for requests to this app.
    pub ca_file: Option<String>,
    /// The URL of the page that a host embeds.
    pub miniapp_url: Option<String>,
    /// The events that hooks with a wildcard do not receive.
    pub private: BTreeSet<EventName>,
    /// The package of an installed app; `None` for apps that this server does not start.
    pub package: Option<Box<Package>>,
    /// Who may change the app.
    pub origin: Origin,
    /// False if the app is switched off, or was removed from the configuration file.
    pub enabled: bool,
    /// The time of creation.
    pub created_at: Millis,
    /// Distinguishes the app from an earlier app of the same name: above every id that existed before the app.
    pub generation: u64,
    /// Proofs of pages with a lower epoch are invalid. It is raised when the app is switched off.
    pub proof_epoch: u64,
}

/// The secrets of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSecrets {
    /// The value of `X-Bolt-App-Token`.
    pub token: Rotating,
    /// The password in its `Authorization`.
    pub secret_key: Rotating,
    /// The key of its Standard Webhooks signatures.
    pub signing_secret: Rotating,
}

impl AppSecrets {
    /// The secret of this kind.
    pub const fn of(&self, kind: CredentialKind) -> &Rotating {
        match kind {
            CredentialKind::Token => &self.token,
            CredentialKind::SecretKey => &self.secret_key,
            CredentialKind::SigningSecret => &self.signing_secret,
        }
    }

    /// The secret of this kind, to be changed.
    pub const fn of_mut(&mut self, kind: CredentialKind) -> &mut Rotating {
        match kind {
            CredentialKind::Token => &mut self.token,
            CredentialKind::SecretKey => &mut self.secret_key,
            CredentialKind::SigningSecret => &mut self.signing_secret,
        }
    }
}

/// The secrets of an app that the server has generated and nobody has seen. Each may be shown once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unseen {
    /// The value of `X-Bolt-App-Token`.
    pub token: bool,
    /// The password in `Authorization`.
    pub secret_key: bool,
    /// The signing secret.
    pub signing_secret: bool,
}

/// Credentials for a receiver that does not know the app's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverAuth {
    /// The user name.
    pub name: String,
    /// The password.
    pub secret: Secret,
}

/// The permission for a host and a miniapp to exchange events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The app that embeds the miniapp.
    pub host: AppName,
    /// The app that is embedded.
    pub miniapp: AppName,
    /// False if the link is switched off.
    pub enabled: bool,
    /// Who may change the link.
    pub origin: Origin,
    /// The time of creation.
    pub created_at: Millis,
}
