//! Replaces credentials in what operators see.

use crate::registry::AppEntry;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use footbridge_model::rotation::Rotating;
use footbridge_model::secret::Secret;

/// A secret with fewer characters is not shown at all.
const SHOWN_FROM: usize = 24;
/// The number of characters that are shown of a secret.
const SHOWN: usize = 8;

/// The beginning of a secret, by which people tell secrets apart.
fn prefix(secret: &str) -> String {
    let long = secret.chars().count() >= SHOWN_FROM;
    let mut shown: String = secret.chars().take(if long { SHOWN } else { 0 }).collect();
    shown.push('…');
    shown
}

/// The credentials of an app, which its tests must not show. A receiver may repeat them in its answer.
pub(super) struct Mask(Vec<Secret>);

impl Mask {
    /// Masks the secrets of an app and `more`.
    pub(super) fn of(app: &AppEntry, more: impl IntoIterator<Item = Secret>) -> Self {
        let own = &app.app.secrets;
        let all = |secret: &Rotating| {
            let previous = secret.previous.iter().map(|previous| previous.secret.clone());
            std::iter::once(secret.current.clone()).chain(previous).collect::<Vec<_>>()
        };
        let mut secrets: Vec<Secret> = more.into_iter().collect();
        let own_name = app.app.name.to_string();
        secrets.extend(all(&own.secret_key).iter().map(|secret| pair(&own_name, secret)));
        secrets.extend(app.app.receiver_auth.iter().map(|auth| pair(&auth.name, &auth.secret)));
        secrets.extend([&own.token, &own.secret_key, &own.signing_secret].into_iter().flat_map(all));
        secrets.extend(app.app.receiver_auth.as_ref().map(|auth| auth.secret.clone()));
        secrets.extend(app.run.as_deref().map(|run| run.token.clone()));
        Self::with_escaped(secrets)
    }

    /// Adds the secrets as they stand in JSON text, where that differs.
    fn with_escaped(mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| !secret.expose().is_empty());
        let escaped = secrets.iter().filter_map(|secret| {
            let written = serde_json::to_string(secret.expose()).ok()?;
            let inner = written.get(1..written.len().saturating_sub(1))?;
            (inner != secret.expose()).then(|| Secret::new(inner))
        });
        let escaped: Vec<Secret> = escaped.collect();
        Self(escaped.into_iter().chain(secrets).collect())
    }

    /// Replaces every credential in a text.
    pub(super) fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.expose()) {
                text.replace(secret.expose(), &prefix(secret.expose()))
            } else {
                text
            }
        })
    }

    /// Replaces credentials in headers.
    pub(super) fn headers(
        &self,
        headers: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<(String, String)> {
        let shown = |(name, value): (String, String)| {
            let value = match name.to_ascii_lowercase().as_str() {
                "authorization" => scheme(&value),
                "webhook-signature" => signatures(&value),
                _ => self.text(&value),
            };
            (name, value)
        };
        headers.into_iter().map(shown).collect()
    }
}

/// The pair in an `Authorization`, as it is sent.
fn pair(name: &str, secret: &Secret) -> Secret {
    Secret::new(STANDARD.encode(format!("{name}:{}", secret.expose())))
}

/// The scheme of an `Authorization`, without the credential.
fn scheme(value: &str) -> String {
    value.split_once(' ').map_or_else(|| "…".to_owned(), |(scheme, _)| format!("{scheme} …"))
}

/// The version and the beginning of each signature.
fn signatures(value: &str) -> String {
    let shown = value.split(' ').map(|signature| match signature.split_once(',') {
        Some((version, code)) => format!("{version},{}…", code.chars().take(SHOWN).collect::<String>()),
        None => "…".to_owned(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_shortened() {
        assert_eq!(prefix("fbt_abcdefghijklmnopqrstuvwxyz"), "fbt_abcd…");
        assert_eq!(prefix("hunter2"), "…");
        assert_eq!(scheme("Token c2hvcDpzZWNyZXQ="), "Token …");
        assert_eq!(scheme("secret"), "…");
        assert_eq!(signatures("v1,abcdefghijkl= v1,mnopqrstuvw="), "v1,abcdefgh… v1,mnopqrst…");
        let secrets = ["fbt_abcdefghijklmnopqrstuvwxyz", "hunter2", "quo\"te"].map(Secret::new);
        let mask = Mask::with_escaped([pair("shop", &secrets[1])].into_iter().chain(secrets).collect());
        assert_eq!(
            mask.text(r#"{"token":"fbt_abcdefghijklmnopqrstuvwxyz","key":"hunter2","was":"quo\"te"}"#),
            r#"{"token":"fbt_abcd…","key":"…","was":"…"}"#
        );
        assert_eq!(mask.text("got Token c2hvcDpodW50ZXIy"), "got Token …");
    }
}
