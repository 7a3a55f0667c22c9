//! Renders apps and their secrets.

use super::super::dto::managed_by;
use footbridge_api as api;
use footbridge_engine::{AppEntry, MadeSecrets, RotatedSecrets};
use footbridge_model::app::App;
use footbridge_model::rotation::Rotating;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;

/// Returns an app without its secrets.
pub(super) fn app(entry: &AppEntry, now: Millis) -> api::App {
    let App { secrets, .. } = &entry.app;
    let secret = |rotating: &Rotating, file: bool, unseen: bool| {
        let previous = rotating.old(now).map(|old| old.until).max();
        api::Secret {
            managed_by: if file { api::ManagedBy::File } else { api::ManagedBy::Api },
            previous_valid_until: previous.map(|until| until.to_string()),
            unseen,
        }
    };
    let files = entry.file_secrets;
    let app = entry.app.clone();
    api::App {
        name: app.name.to_string(),
        token_prefix: app.token_prefix,
        receiver_url: app.receiver_url,
        receiver_enabled: app.receiver_enabled,
        receiver_auth: app.receiver_auth.map(|auth| api::ReceiverAuth { name: auth.name }),
        ca_file: app.ca_file,
        url: app.url,
        miniapp_url: app.miniapp_url,
        private: app.private.iter().map(ToString::to_string).collect(),
        enabled: app.enabled,
        managed_by: managed_by(app.origin),
        created_at: app.created_at.to_string(),
        secrets: api::Secrets {
            token: secret(&secrets.token, files.token, app.unseen.token),
            secret_key: secret(&secrets.secret_key, files.secret_key, app.unseen.secret_key),
            signing_secret: secret(&secrets.signing_secret, files.signing_secret, app.unseen.signing_secret),
        },
    }
}

/// Returns secrets that are shown this once.
pub(super) fn shown(made: &MadeSecrets) -> api::MadeSecrets {
    let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    api::MadeSecrets {
        token: text(&made.token),
        secret_key: text(&made.secret_key),
        signing_secret: text(&made.signing_secret),
    }
}

/// Returns the result of a rotation.
pub(super) fn rotated(name: String, rotated: &RotatedSecrets) -> api::Rotated {
    let until = rotated.old_until.map(|until| until.to_string());
    let note = match &until {
        None => "The previous secrets are no longer accepted or sent.".to_owned(),
        Some(until) => format!(
            "The previous secrets are accepted until {until}. Requests to the app carry the previous `Authorization` and \
             `token` until the app first uses the new ones. To end this at once: \
             POST /api/v1/apps/{name}/end-overlap (`footbridge app end-overlap {name}`)."
        ),
    };
    api::Rotated { name, made: shown(&rotated.made), previous_valid_until: until, note }
}
