//! Apps: their settings as JSON, their secrets sealed.

use crate::checksum::Checksum;
use crate::column::{origin, origin_code};
use crate::failure::{CommandError, CommandResult};
use crate::seal::Sealer;
use crate::txn::Txn;
use crate::{credential_uses, hooks, keys, links};
use footbridge_model::address::AddressClasses;
use footbridge_model::app::{App, AppSecrets, ReceiverAuth, Unseen};
use footbridge_model::id::IdSource;
use footbridge_model::name::{AppName, EventName};
use footbridge_model::package::Package;
use footbridge_model::rotation::{Previous, Rotating, SetBy};
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A capacity that holds the secrets of any app, so that growing leaves no copy behind in freed memory.
const SECRETS_LENGTH: usize = 16 * 1024;

#[derive(Serialize, Deserialize)]
struct Settings<'a> {
    token_prefix: Cow<'a, str>,
    receiver_url: Option<Cow<'a, str>>,
    receiver_enabled: bool,
    receiver_name: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    miniapp_url: Option<Cow<'a, str>>,
    /// Absent in rows of 0.1.0.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    host_classes: BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<Cow<'a, str>>,
    private: Vec<Cow<'a, str>>,
    /// The secrets that were never shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package: Option<Box<Package>>,
    origin: i64,
    enabled: bool,
    created_at: i64,
    // Apps that 0.1 made have neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof_epoch: Option<u64>,
}

// Secrets pass through as `String`s: each is moved into a `Secret`, which wipes it.
#[derive(Serialize, Deserialize)]
struct Secrets<T> {
    token: Rotated<T>,
    secret_key: Rotated<T>,
    signing_secret: Rotated<T>,
    receiver: Option<T>,
}

#[derive(Serialize, Deserialize)]
struct Rotated<T> {
    current: T,
    /// The newest of the replaced secrets.
    previous: Option<Replaced<T>>,
    /// The others. Rows of earlier versions have none.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    older: Vec<Replaced<T>>,
    #[serde(default = "first_uses_id")]
    uses_id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    set: Option<Set>,
}

/// The number of the uses of a secret that an earlier version has stored. A replaced one has 0.
const fn first_uses_id() -> u64 {
    1
}

#[derive(Serialize, Deserialize)]
struct Set {
    at: i64,
    by: String,
}

#[derive(Serialize, Deserialize)]
struct Replaced<T> {
    secret: T,
    until: i64,
    superseded: bool,
    #[serde(default)]
    uses_id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    set: Option<Set>,
}

/// Stores an app in place of one of the same name.
pub(crate) fn put(txn: &Txn<'_>, app: &App) -> CommandResult<()> {
    let settings = serde_json::to_string(&settings(app)).unwrap_or_default();
    let secrets = seal(txn.sealer, app)?;
    let sum = sum(app.name.key(), &settings, &secrets).value();
    let sql =
        "INSERT OR REPLACE INTO apps (name, written, settings, secrets, sum) VALUES (?1, ?2, ?3, ?4, ?5)";
    txn.run(sql, params![app.name.key(), app.name.as_str(), settings, secrets, sum])?;
    credential_uses::delete_ended(txn, app)
}

fn sum(name: &str, settings: &str, secrets: &[u8]) -> Checksum {
    Checksum::default().text(name).text(settings).bytes(secrets)
}

/// Deletes an app with its links, keys and hooks.
pub(crate) fn delete(txn: &mut Txn<'_>, name: &AppName, reason: &str) -> CommandResult<()> {
    txn.run("DELETE FROM apps WHERE name = ?1", [name.key()])?;
    links::delete_of_app(txn, name)?;
    keys::delete_of_app(txn, name)?;
    credential_uses::delete_of_app(txn, name)?;
    hooks::delete_of_app(txn, name, reason)
}

/// Reads all apps with their secrets.
pub(crate) fn load(txn: &Txn<'_>) -> CommandResult<Vec<App>> {
    let mut select = txn
        .conn
        .prepare("SELECT name, settings, secrets, coalesce(written, name), sum FROM apps ORDER BY name")?;
    let mut rows = select.query([])?;
    let mut apps = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let unreadable =
            || CommandError::damaged(format!("the settings of the app `{name}` are not readable"));
        let settings: String = row.get(1)?;
        let sealed: Vec<u8> = row.get(2)?;
        sum(&name, &settings, &sealed).check(row.get(4)?, || format!("the app `{name}`"))?;
        let settings: Settings<'_> = serde_json::from_str(&settings).map_err(|_| unreadable())?;
        let unsealable =
            || CommandError::damaged(format!("the secrets of the app `{name}` cannot be opened"));
        let secrets = txn.sealer.open(&place(&name), &sealed).map_err(|_| unsealable())?;
        // Without its position and excerpt: the text holds secrets.
        let secrets: Secrets<String> = serde_json::from_slice(&secrets).map_err(|_| unsealable())?;
        let written: String = row.get(3)?;
        apps.push(join(&written, settings, secrets));
    }
    Ok(apps)
}

fn place(name: &str) -> String {
    format!("apps|{name}|secrets")
}

fn settings(app: &App) -> Settings<'_> {
    let text = |value: &'_ Option<String>| value.clone().map(Cow::Owned);
    Settings {
        token_prefix: Cow::Borrowed(&app.token_prefix),
        receiver_url: text(&app.receiver_url),
        receiver_enabled: app.receiver_enabled,
        receiver_name: app.receiver_auth.as_ref().map(|auth| Cow::Borrowed(auth.name.as_str())),
        url: text(&app.url),
        miniapp_url: text(&app.miniapp_url),
        host_classes: app
            .host_classes
            .iter()
            .map(|(host, classes)| {
                (Cow::Borrowed(host.as_str()), classes.words().map(Cow::Borrowed).collect())
            })
            .collect(),
        ca_file: text(&app.ca_file),
        private: app.private.iter().map(|name| Cow::Borrowed(name.as_str())).collect(),
        unseen: unseen(app.unseen),
        package: app.package.clone(),
        origin: origin_code(app.origin),
        enabled: app.enabled,
        created_at: app.created_at.0,
        generation: Some(app.generation),
        proof_epoch: Some(app.proof_epoch),
    }
}

/// Returns the names of the secrets that were never shown.
fn unseen(unseen: Unseen) -> Vec<Cow<'static, str>> {
    let all = [
        ("token", unseen.token),
        ("secret_key", unseen.secret_key),
        ("signing_secret", unseen.signing_secret),
    ];
    all.into_iter().filter(|(_, unseen)| *unseen).map(|(name, _)| Cow::Borrowed(name)).collect()
}

fn seal(sealer: &Sealer, app: &App) -> CommandResult<Vec<u8>> {
    let secrets = Secrets {
        token: rotated(&app.secrets.token),
        secret_key: rotated(&app.secrets.secret_key),
        signing_secret: rotated(&app.secrets.signing_secret),
        receiver: app.receiver_auth.as_ref().map(|auth| auth.secret.expose()),
    };
    let mut plain = Zeroizing::new(Vec::with_capacity(SECRETS_LENGTH));
    let failed = || CommandError::damaged(format!("the secrets of the app `{}` cannot be sealed", app.name));
    serde_json::to_writer(&mut *plain, &secrets).map_err(|_| failed())?;
    sealer.seal(&place(app.name.key()), &plain).map_err(|_| failed())
}

fn rotated(secret: &Rotating) -> Rotated<&str> {
    let mut previous = secret.previous.iter().map(replaced);
    Rotated {
        current: secret.current.expose(),
        previous: previous.next(),
        older: previous.collect(),
        uses_id: secret.uses_id,
        set: secret.set.as_ref().map(set),
    }
}

fn replaced(previous: &Previous) -> Replaced<&str> {
    Replaced {
        secret: previous.secret.expose(),
        until: previous.until.0,
        superseded: previous.superseded,
        uses_id: previous.uses_id,
        set: previous.set.as_ref().map(set),
    }
}

fn set(set: &SetBy) -> Set {
    Set { at: set.at.0, by: set.by.clone() }
}

fn rotating(kept: Rotated<String>) -> Rotating {
    let set_by = |set: Option<Set>| set.map(|set| SetBy { at: Millis(set.at), by: set.by });
    let previous = |replaced: Replaced<String>| Previous {
        secret: Secret::new(replaced.secret),
        until: Millis(replaced.until),
        superseded: replaced.superseded,
        uses_id: replaced.uses_id,
        set: set_by(replaced.set),
    };
    Rotating {
        current: Secret::new(kept.current),
        uses_id: kept.uses_id,
        set: set_by(kept.set),
        previous: kept.previous.into_iter().chain(kept.older).map(previous).collect(),
    }
}

fn join(name: &str, settings: Settings<'_>, secrets: Secrets<String>) -> App {
    let receiver = settings.receiver_name.zip(secrets.receiver);
    let created_at = Millis(settings.created_at);
    let generation = settings.generation.unwrap_or_else(|| IdSource::first_at(created_at));
    App {
        name: AppName::trusted(name),
        secrets: AppSecrets {
            token: rotating(secrets.token),
            secret_key: rotating(secrets.secret_key),
            signing_secret: rotating(secrets.signing_secret),
        },
        unseen: Unseen {
            token: settings.unseen.iter().any(|name| name == "token"),
            secret_key: settings.unseen.iter().any(|name| name == "secret_key"),
            signing_secret: settings.unseen.iter().any(|name| name == "signing_secret"),
        },
        token_prefix: settings.token_prefix.into_owned(),
        receiver_url: settings.receiver_url.map(Cow::into_owned),
        receiver_enabled: settings.receiver_enabled,
        receiver_auth: receiver
            .map(|(name, secret)| ReceiverAuth { name: name.into_owned(), secret: Secret::new(secret) }),
        url: settings.url.map(Cow::into_owned),
        miniapp_url: settings.miniapp_url.map(Cow::into_owned),
        host_classes: settings
            .host_classes
            .into_iter()
            .map(|(host, words)| {
                (host.into_owned(), AddressClasses::of_words(words.iter().map(AsRef::as_ref)))
            })
            .collect(),
        ca_file: settings.ca_file.map(Cow::into_owned),
        private: settings.private.iter().map(|name| EventName::trusted(name)).collect(),
        package: settings.package,
        origin: origin(settings.origin),
        enabled: settings.enabled,
        created_at,
        generation,
        proof_epoch: settings.proof_epoch.unwrap_or(generation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_earlier_versions_stored_are_read() {
        let stored = r#"{"token": {"current": "b", "previous": {"secret": "a", "until": 5, "superseded": true}},
            "secret_key": {"current": "k", "previous": null}, "signing_secret": {"current": "s", "previous": null},
            "receiver": null}"#;
        let secrets: Secrets<String> = serde_json::from_str(stored).unwrap();
        let old =
            Previous { secret: Secret::new("a"), until: Millis(5), superseded: true, uses_id: 0, set: None };
        let token = Rotating { previous: vec![old], ..Rotating::new(Secret::new("b")) };
        assert_eq!(
            (rotating(secrets.token), rotating(secrets.secret_key)),
            (token, Rotating::new(Secret::new("k")))
        );
    }
}
