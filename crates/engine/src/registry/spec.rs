//! What an operator says an app, a link or a hook should be.

use footbridge_model::app::ReceiverAuth;
use footbridge_model::hook::{AnswerRule, HookOptions, HookType};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::Secret;
use std::collections::BTreeSet;

/// A new app, or one from the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSpec {
    /// What it is called.
    pub name: AppName,
    /// `X-Bolt-App-Token`; made when absent.
    pub token: Option<Secret>,
    /// The second half of its `Authorization`; made when absent.
    pub secret_key: Option<Secret>,
    /// `whsec_…`; made when absent.
    pub signing_secret: Option<Secret>,
    /// The scheme of its `Authorization`.
    pub token_prefix: String,
    /// Where its events of the bridge go.
    pub receiver_url: Option<String>,
    /// Whether it takes events of the bridge.
    pub receiver_enabled: bool,
    /// What its receiver wants to see instead of its own pair.
    pub receiver_auth: Option<ReceiverAuth>,
    /// A file with authorities that are trusted when it is sent to.
    pub ca_file: Option<String>,
    /// The base of its `server` hooks.
    pub url: Option<String>,
    /// The page a host embeds.
    pub miniapp_url: Option<String>,
    /// Its events that hooks with a `*` half never get.
    pub private: BTreeSet<EventName>,
}

impl AppSpec {
    /// An app of this name with nothing else said.
    pub fn named(name: AppName) -> Self {
        Self {
            name,
            token: None,
            secret_key: None,
            signing_secret: None,
            token_prefix: footbridge_model::app::TOKEN_PREFIX.to_owned(),
            receiver_url: None,
            receiver_enabled: true,
            receiver_auth: None,
            ca_file: None,
            url: None,
            miniapp_url: None,
            private: BTreeSet::new(),
        }
    }
}

/// A change to an app: `None` leaves a thing as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Default)]
pub struct AppChange {
    /// The scheme of its `Authorization`.
    pub token_prefix: Option<String>,
    /// Where its events of the bridge go.
    pub receiver_url: Option<Option<String>>,
    /// Whether it takes events of the bridge.
    pub receiver_enabled: Option<bool>,
    /// What its receiver wants to see.
    pub receiver_auth: Option<Option<ReceiverAuth>>,
    /// A file with authorities that are trusted when it is sent to.
    pub ca_file: Option<Option<String>>,
    /// The base of its `server` hooks.
    pub url: Option<Option<String>>,
    /// The page a host embeds.
    pub miniapp_url: Option<Option<String>>,
    /// Its private events.
    pub private: Option<BTreeSet<EventName>>,
    /// Whether it counts.
    pub enabled: Option<bool>,
}

/// A persistent hook.
#[derive(Debug, Clone)]
pub struct HookSpec {
    /// Whose it is.
    pub app: AppName,
    /// What it listens for.
    pub pattern: Pattern,
    /// Where its events go.
    pub route: String,
    /// How the route is read.
    pub kind: HookType,
    /// What it asks for beyond the defaults.
    pub options: HookOptions,
}

/// A change to a hook: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookChange {
    /// Whether it takes events.
    pub enabled: Option<bool>,
    /// Where its events go.
    pub route: Option<String>,
    /// How the route is read.
    pub kind: Option<HookType>,
    /// Whether its receiver must answer.
    pub answer: Option<AnswerRule>,
    /// The most deliveries in flight.
    pub in_flight: Option<u8>,
    /// Whether it keeps the order of acceptance.
    pub ordered: Option<bool>,
}

/// How long replaced secrets still count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overlap {
    /// For 24 hours.
    #[default]
    Day,
    /// No longer.
    None,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// The host app.
    pub host: AppName,
    /// The miniapp.
    pub miniapp: AppName,
    /// Whether it holds.
    pub enabled: bool,
}

/// What the configuration file says.
#[derive(Debug, Clone, Default)]
pub struct FileSpec {
    /// Where it is, for a later start that names none.
    pub path: Option<String>,
    /// Whether it is meant that there is none, although apps and links come from one.
    pub left_out: bool,
    /// Its apps.
    pub apps: Vec<AppSpec>,
    /// Its links.
    pub links: Vec<LinkSpec>,
    /// The hooks of its apps.
    pub hooks: Vec<HookSpec>,
}

/// Secrets to show once.
#[derive(Debug, Clone)]
pub struct MadeSecrets {
    /// `X-Bolt-App-Token`
    pub token: Option<Secret>,
    /// The second half of `Authorization`.
    pub secret_key: Option<Secret>,
    /// `whsec_…`
    pub signing_secret: Option<Secret>,
}

/// Some of an app's secrets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretSet {
    /// `X-Bolt-App-Token`
    pub token: bool,
    /// The second half of `Authorization`.
    pub secret_key: bool,
    /// `whsec_…`
    pub signing_secret: bool,
}

/// Which secrets to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Every one that the configuration file does not give.
    Ours,
    /// These, and none if one of them is given by the file.
    These(SecretSet),
}

/// A secret that an app proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// `X-Bolt-App-Token`
    Token,
    /// The second half of `Authorization`.
    SecretKey,
}
