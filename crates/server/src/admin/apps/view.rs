//! What an operator sees of an app.

use footbridge_engine::{AppEntry, MadeSecrets};
use footbridge_model::app::App;
use footbridge_model::hook::Origin;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::secret::{Rotating, Secret};
use footbridge_model::time::Millis;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Who may change something.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum ManagedBy {
    /// The configuration file.
    File,
    /// This API.
    Api,
    /// The app's `package.json`.
    Package,
}

impl From<Origin> for ManagedBy {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::File => Self::File,
            Origin::Api => Self::Api,
            Origin::Package => Self::Package,
        }
    }
}

/// An app, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub(in super::super) struct AppView {
    #[schema(value_type = String, example = "superapp")]
    name: AppName,
    token_prefix: String,
    receiver_url: Option<String>,
    receiver_enabled: bool,
    receiver_auth: Option<ReceiverAuthView>,
    url: Option<String>,
    miniapp_url: Option<String>,
    #[schema(value_type = Vec<String>)]
    private: BTreeSet<EventName>,
    enabled: bool,
    managed_by: ManagedBy,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    secrets: SecretsView,
}

/// A credential for a receiver, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceiverAuth)]
struct ReceiverAuthView {
    name: String,
}

/// Where each secret stands; never the secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secrets)]
struct SecretsView {
    token: SecretView,
    secret_key: SecretView,
    signing_secret: SecretView,
}

/// Where a secret stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
struct SecretView {
    /// Whether the configuration file gives it, so that it cannot be rotated here.
    managed_by: ManagedBy,
    /// Until when the one before it counts as well; `null` outside a rotation.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_valid_until: Option<Millis>,
}

impl AppView {
    pub(super) fn of(entry: &AppEntry, now: Millis) -> Self {
        let App { secrets, .. } = &entry.app;
        let secret = |rotating: &Rotating, file: bool| SecretView {
            managed_by: if file { ManagedBy::File } else { ManagedBy::Api },
            previous_valid_until: rotating
                .previous
                .as_ref()
                .map(|old| old.until)
                .filter(|until| now < *until),
        };
        let files = entry.file_secrets;
        let app = entry.app.clone();
        Self {
            name: app.name,
            token_prefix: app.token_prefix,
            receiver_url: app.receiver_url,
            receiver_enabled: app.receiver_enabled,
            receiver_auth: app.receiver_auth.map(|auth| ReceiverAuthView { name: auth.name }),
            url: app.url,
            miniapp_url: app.miniapp_url,
            private: app.private,
            enabled: app.enabled,
            managed_by: app.origin.into(),
            created_at: app.created_at,
            secrets: SecretsView {
                token: secret(&secrets.token, files.token),
                secret_key: secret(&secrets.secret_key, files.secret_key),
                signing_secret: secret(&secrets.signing_secret, files.signing_secret),
            },
        }
    }
}

/// An app that was just made, with its secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct MadeApp {
    #[serde(flatten)]
    app: AppView,
    #[serde(flatten)]
    made: Shown,
}

impl MadeApp {
    pub(super) fn of(entry: &AppEntry, now: Millis, made: &MadeSecrets) -> Self {
        Self { app: AppView::of(entry, now), made: Shown::of(made) }
    }
}

/// Secrets that were just replaced.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Rotated {
    #[schema(value_type = String)]
    name: AppName,
    #[serde(flatten)]
    made: Shown,
    /// Until when the ones before count as well.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_valid_until: Option<Millis>,
}

impl Rotated {
    pub(super) fn of(entry: &AppEntry, made: &MadeSecrets) -> Self {
        let secrets = &entry.app.secrets;
        let until = |made: &Option<Secret>, rotating: &Rotating| {
            made.as_ref().and(rotating.previous.as_ref()).map(|previous| previous.until)
        };
        let token = until(&made.token, &secrets.token);
        let key = until(&made.secret_key, &secrets.secret_key);
        let signing = until(&made.signing_secret, &secrets.signing_secret);
        let name = entry.app.name.clone();
        Self { name, made: Shown::of(made), previous_valid_until: token.or(key).or(signing) }
    }
}

/// Secrets, shown this once; only those that were made.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeSecrets)]
struct Shown {
    /// `X-Bolt-App-Token`
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The second half of its `Authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
    /// `whsec_…`
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<String>,
}

impl Shown {
    fn of(made: &MadeSecrets) -> Self {
        let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        Self {
            token: text(&made.token),
            secret_key: text(&made.secret_key),
            signing_secret: text(&made.signing_secret),
        }
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}
