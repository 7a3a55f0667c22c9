//! The settings of apps, links and hooks, as operators give them.

use footbridge_model::app::ReceiverAuth;
use footbridge_model::credential::CredentialKind;
use footbridge_model::duration;
use footbridge_model::hook::{AnswerRule, HookOptions, HookType};
use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::Pattern;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::collections::BTreeSet;
use std::time::Duration;

/// The settings of a new app or of an app of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSpec {
    /// The name of the app.
    pub name: AppName,
    /// `X-Bolt-App-Token`; generated if absent.
    pub token: Option<Secret>,
    /// The password in its `Authorization`; generated if absent.
    pub secret_key: Option<Secret>,
    /// `whsec_…`; generated if absent.
    pub signing_secret: Option<Secret>,
    /// The scheme of its `Authorization`.
    pub token_prefix: String,
    /// The URL that receives exchanges.
    pub receiver_url: Option<String>,
    /// False if its receiver is switched off.
    pub receiver_enabled: bool,
    /// The credentials that its receiver expects instead of the app's own.
    pub receiver_auth: Option<ReceiverAuth>,
    /// A file with additional certificate authorities for requests to the app.
    pub ca_file: Option<String>,
    /// The base URL of its `server` hooks.
    pub url: Option<String>,
    /// The URL of the page that a host embeds.
    pub miniapp_url: Option<String>,
    /// The events that hooks with a wildcard do not receive.
    pub private: BTreeSet<EventName>,
}

impl AppSpec {
    /// An app of this name with default settings.
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

/// A change of an app's settings: `None` leaves a setting as it is, `Some(None)` removes it.
#[derive(Debug, Clone, Default)]
pub struct AppChange {
    /// The scheme of its `Authorization`.
    pub token_prefix: Option<String>,
    /// The URL that receives exchanges.
    pub receiver_url: Option<Option<String>>,
    /// False if its receiver is switched off.
    pub receiver_enabled: Option<bool>,
    /// The credentials that its receiver expects.
    pub receiver_auth: Option<Option<ReceiverAuth>>,
    /// A file with additional certificate authorities for requests to the app.
    pub ca_file: Option<Option<String>>,
    /// The base URL of its `server` hooks.
    pub url: Option<Option<String>>,
    /// The URL of the page that a host embeds.
    pub miniapp_url: Option<Option<String>>,
    /// The events that hooks with a wildcard do not receive.
    pub private: Option<BTreeSet<EventName>>,
    /// False to switch the app off.
    pub enabled: Option<bool>,
}

/// The settings of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSpec {
    /// The app that receives the events.
    pub app: AppName,
    /// The events to receive.
    pub pattern: Pattern,
    /// The path, URL or function that receives the events.
    pub route: String,
    /// The type of the route.
    pub kind: HookType,
    /// Answer rule, number in flight and order.
    pub options: HookOptions,
}

/// A change of a hook: `None` leaves a setting as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookChange {
    /// False to switch the hook off.
    pub enabled: Option<bool>,
    /// The path, URL or function that receives the events.
    pub route: Option<String>,
    /// The type of the route.
    pub kind: Option<HookType>,
    /// The rule for receivers that do not answer.
    pub answer: Option<AnswerRule>,
    /// The largest number of deliveries in flight.
    pub in_flight: Option<u8>,
    /// True to deliver in the order of acceptance, one at a time.
    pub ordered: Option<bool>,
}

/// How long a secret stays valid after it was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(Duration);

/// The error for a text that is not an overlap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; an overlap is at most 7d, and 0 ends the old values at once")]
pub struct BadOverlap(String);

impl Overlap {
    /// All replaced secrets become invalid at once, those of earlier rotations too.
    pub const NONE: Self = Self(Duration::ZERO);
    /// They stay valid for 24 hours.
    pub const DAY: Self = Self(Duration::from_hours(24));
    /// The longest overlap: seven days.
    pub const MAX: Self = Self(Duration::from_hours(7 * 24));

    /// Reads an overlap: `0`, or a duration up to [`Overlap::MAX`].
    ///
    /// # Errors
    /// [`BadOverlap`], which says what is allowed.
    pub fn parse(text: &str) -> Result<Self, BadOverlap> {
        if text == "0" {
            return Ok(Self::NONE);
        }
        duration::parse_within(text, Duration::ZERO, Self::MAX.0).map(Self).map_err(BadOverlap)
    }

    /// The time at which it ends; `None` if it is zero.
    pub(crate) fn end(self, now: Millis) -> Option<Millis> {
        (self != Self::NONE).then(|| now.plus(self.0))
    }
}

impl Default for Overlap {
    fn default() -> Self {
        Self::DAY
    }
}

/// The settings of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// The app that embeds the miniapp.
    pub host: AppName,
    /// The app that is embedded.
    pub miniapp: AppName,
    /// False to switch the link off.
    pub enabled: bool,
}

/// The apps, links and hooks of the configuration file.
#[derive(Debug, Clone, Default)]
pub struct FileSpec {
    /// The path of the file, for the error at a later start that names no file.
    pub path: Option<String>,
    /// True if the operator confirmed that there is no file any more, although an earlier one has defined apps or links.
    pub left_out: bool,
    /// The apps of the file.
    pub apps: Vec<AppSpec>,
    /// The links of the file.
    pub links: Vec<LinkSpec>,
    /// The hooks of the file's apps.
    pub hooks: Vec<HookSpec>,
}

/// Generated secrets, to be shown once.
#[derive(Debug, Clone)]
pub struct MadeSecrets {
    /// The value of `X-Bolt-App-Token`.
    pub token: Option<Secret>,
    /// The password in `Authorization`.
    pub secret_key: Option<Secret>,
    /// The signing secret, `whsec_…`.
    pub signing_secret: Option<Secret>,
}

impl MadeSecrets {
    /// The secret of this kind, if it was made.
    pub const fn of(&self, kind: CredentialKind) -> Option<&Secret> {
        match kind {
            CredentialKind::Token => self.token.as_ref(),
            CredentialKind::SecretKey => self.secret_key.as_ref(),
            CredentialKind::SigningSecret => self.signing_secret.as_ref(),
        }
    }
}

/// The result of a rotation.
#[derive(Debug, Clone)]
pub struct RotatedSecrets {
    /// The new secrets, to be shown once.
    pub made: MadeSecrets,
    /// The time at which those that they replace become invalid; `None` if they are invalid now.
    pub old_until: Option<Millis>,
}

/// A set of kinds of secrets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretSet {
    /// The value of `X-Bolt-App-Token`.
    pub token: bool,
    /// The password in `Authorization`.
    pub secret_key: bool,
    /// The signing secret, `whsec_…`.
    pub signing_secret: bool,
}

impl SecretSet {
    /// The set of one kind.
    pub fn only(kind: CredentialKind) -> Self {
        let mut set = Self::default();
        *set.place(kind) = true;
        set
    }

    /// Adds a kind to the set.
    pub fn add(&mut self, kind: CredentialKind) {
        *self.place(kind) = true;
    }

    /// Returns true if the set has this kind.
    pub const fn has(self, kind: CredentialKind) -> bool {
        match kind {
            CredentialKind::Token => self.token,
            CredentialKind::SecretKey => self.secret_key,
            CredentialKind::SigningSecret => self.signing_secret,
        }
    }

    const fn place(&mut self, kind: CredentialKind) -> &mut bool {
        match kind {
            CredentialKind::Token => &mut self.token,
            CredentialKind::SecretKey => &mut self.secret_key,
            CredentialKind::SigningSecret => &mut self.signing_secret,
        }
    }
}

/// The secrets to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// All secrets that the configuration file does not define.
    Ours,
    /// These secrets; refused if the configuration file defines one of them.
    These(SecretSet),
}

/// A kind of secret that authenticates an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// The value of `X-Bolt-App-Token`.
    Token,
    /// The password in `Authorization`.
    SecretKey,
}

impl From<SecretKind> for CredentialKind {
    fn from(kind: SecretKind) -> Self {
        match kind {
            SecretKind::Token => Self::Token,
            SecretKind::SecretKey => Self::SecretKey,
        }
    }
}
