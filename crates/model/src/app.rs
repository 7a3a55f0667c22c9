//! Apps and the links between them.

use crate::address::AddressClasses;
use crate::hook::Origin;
use crate::name::{AppName, EventName};
use crate::package::Package;
use crate::secret::{Rotating, Secret};
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// The prefix of `Authorization` unless an app says otherwise.
pub const TOKEN_PREFIX: &str = "Token";

/// An app: a host, a miniapp, a publisher, a subscriber, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// What it is called: `client_id` and `app_id` on the bridge, the app name in Bolt.
    pub name: AppName,
    /// What it proves itself with and what is signed with.
    pub secrets: AppSecrets,
    /// Which of its secrets were made here and shown to nobody yet.
    pub unseen: Unseen,
    /// The scheme of its `Authorization`, both ways.
    pub token_prefix: String,
    /// Where its events of the bridge go.
    pub receiver_url: Option<String>,
    /// Whether it takes events of the bridge.
    pub receiver_enabled: bool,
    /// What its receiver wants to see instead of the app's own name and secret.
    pub receiver_auth: Option<ReceiverAuth>,
    /// The base of its `server` hooks.
    pub url: Option<String>,
    /// What the addresses of the names in its URLs were when those were saved; a name that is missing was not looked
    /// at yet.
    pub host_classes: BTreeMap<String, AddressClasses>,
    /// A file with authorities that are trusted when this app is sent to, besides those that always are.
    pub ca_file: Option<String>,
    /// The page a host embeds.
    pub miniapp_url: Option<String>,
    /// Its events that hooks with a `*` half never get.
    pub private: BTreeSet<EventName>,
    /// What it was installed from, when it is one that this server starts.
    pub package: Option<Box<Package>>,
    /// Who may change it.
    pub origin: Origin,
    /// Whether it counts: one taken out of the file does not.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Millis,
    /// Tells it from an app that had its name before: above every id that was given before it was made.
    pub generation: u64,
    /// What pages proved before this no longer counts: it is set anew when the app is switched off.
    pub proof_epoch: u64,
}

/// The secrets of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSecrets {
    /// `X-Bolt-App-Token`.
    pub token: Rotating,
    /// The second half of its `Authorization`.
    pub secret_key: Rotating,
    /// What its Standard Webhooks signatures are made with.
    pub signing_secret: Rotating,
}

/// Secrets that were made by the server and shown to nobody: they may be shown, once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unseen {
    /// `X-Bolt-App-Token`.
    pub token: bool,
    /// The second half of `Authorization`.
    pub secret_key: bool,
    /// What signatures are made with.
    pub signing_secret: bool,
}

/// A credential other than the app's own for its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverAuth {
    /// The first half.
    pub name: String,
    /// The second half.
    pub secret: Secret,
}

/// Leave for a host and a miniapp to exchange events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The host app.
    pub host: AppName,
    /// The miniapp.
    pub miniapp: AppName,
    /// Whether it holds.
    pub enabled: bool,
    /// Who may change it.
    pub origin: Origin,
    /// When it was made.
    pub created_at: Millis,
}
