//! The credentials of apps: all about them but their values, and the storage of their uses.

use crate::registry::{AppEntry, AppRegistry, UseCounter};
use footbridge_journal::{Journal, JournalError};
use footbridge_model::credential::{CredentialKind, CredentialUse};
use footbridge_model::rotation::{Previous, Rotating, SetBy};
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::sync::Arc;
use std::time::Duration;

/// The most rows of one write, so that it delays no other.
const PORTION: usize = 250;
/// An old value whose last use is this much older than that of the current one is no longer in use.
const SETTLED: Duration = Duration::from_hours(1);

/// A credential of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The kind of credential.
    pub kind: CredentialKind,
    /// True if the configuration file defines it.
    pub of_file: bool,
    /// The value that it has now.
    pub current: CredentialValue,
    /// The values before it that are still valid, newest first.
    pub old: Vec<OldValue>,
}

/// All about a value of a credential but the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialValue {
    /// The beginning of a generated value.
    pub prefix: Option<String>,
    /// When and by whom it was set, if that was recorded.
    pub set: Option<SetBy>,
    /// Its uses since it was set, or since it was replaced; `None` if the server cannot see them.
    pub uses: Option<Uses>,
    /// True if requests to the app carry it, or are signed with it.
    pub sent: bool,
}

/// How often a value was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uses {
    /// The number of requests that it has authenticated.
    pub count: u64,
    /// The time of the last of them.
    pub last_at: Option<Millis>,
}

/// A replaced value that is still valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldValue {
    /// The value that was replaced.
    pub value: CredentialValue,
    /// The time at which it becomes invalid.
    pub until: Millis,
}

/// How far an app is with the change to the new value of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlapState {
    /// The server cannot see it.
    Unknown,
    /// The app uses an old value: so often since the rotation.
    OldInUse(Uses),
    /// The app has used no value since the rotation.
    Unused,
    /// The app uses the new value.
    NewInUse,
}

impl Credential {
    /// The end of the overlap, and how far the app is; `None` if no old value is valid.
    pub fn overlap(&self) -> Option<(Millis, OverlapState)> {
        let until = self.old.iter().map(|old| old.until).max()?;
        let Some(new) = self.current.uses else { return Some((until, OverlapState::Unknown)) };
        let old = self.old.iter().filter_map(|old| old.value.uses).fold(Uses::default(), |sum, uses| Uses {
            count: sum.count + uses.count,
            last_at: sum.last_at.max(uses.last_at),
        });
        let state = match (old.last_at, new.last_at) {
            (None, None) => OverlapState::Unused,
            (None, Some(_)) => OverlapState::NewInUse,
            (Some(old), Some(new)) if old.plus(SETTLED) <= new => OverlapState::NewInUse,
            (Some(_), _) => OverlapState::OldInUse(old),
        };
        Some((until, state))
    }
}

/// Stores the uses of credentials, and adds them up.
pub(crate) struct CredentialLedger {
    registry: Arc<AppRegistry>,
    journal: Arc<dyn Journal>,
    /// Held while uses are stored or added up, so that none is counted twice or not at all.
    storing: tokio::sync::Mutex<()>,
}

impl CredentialLedger {
    pub(crate) fn new(registry: &Arc<AppRegistry>, journal: &Arc<dyn Journal>) -> Self {
        let (registry, journal) = (Arc::clone(registry), Arc::clone(journal));
        Self { registry, journal, storing: tokio::sync::Mutex::default() }
    }

    /// Stores the uses that were counted so far.
    pub(crate) async fn save(&self) {
        let _storing = self.storing.lock().await;
        let unsaved = self.unsaved();
        for portion in unsaved.chunks(PORTION) {
            let uses = portion.iter().map(|one| one.row.clone()).collect();
            match self.journal.add_credential_uses(uses).await {
                Ok(()) => {}
                Err(error) if error.is_temporary() => {
                    tracing::debug!(%error, "the uses of credentials cannot be stored at the moment");
                    return;
                }
                // Stored again they could count twice.
                Err(error) => tracing::warn!(%error, "the uses of some credentials could not be stored"),
            }
            for one in portion {
                one.counter.set_saved(one.count);
            }
        }
    }

    fn unsaved(&self) -> Vec<Unsaved> {
        let directory = self.registry.directory.load();
        let of_app = |entry: &Arc<AppEntry>| {
            let of = |counter: &Arc<UseCounter>| {
                let (count, new) = counter.counted();
                let row = CredentialUse {
                    app: entry.app.name.clone(),
                    kind: counter.kind.into(),
                    uses_id: counter.uses_id,
                    count: new,
                    last_at: counter.last_at(),
                };
                (new > 0).then(|| Unsaved { counter: Arc::clone(counter), count, row })
            };
            entry.uses.all().filter_map(of).collect::<Vec<_>>()
        };
        directory.apps().flat_map(of_app).collect()
    }

    /// The credentials of an app.
    pub(crate) async fn of(&self, entry: &AppEntry, now: Millis) -> Result<Vec<Credential>, JournalError> {
        let _storing = self.storing.lock().await;
        let stored = self.journal.credential_uses(entry.app.name.clone()).await?;
        let mut uses: Vec<CredentialUse> = stored;
        uses.extend(entry.uses.all().map(|counter| CredentialUse {
            app: entry.app.name.clone(),
            kind: counter.kind.into(),
            uses_id: counter.uses_id,
            count: counter.counted().1,
            last_at: counter.last_at(),
        }));
        let kinds = CredentialKind::ALL.into_iter();
        // The token of an installed app belongs to its run.
        let kinds = kinds.filter(|kind| *kind != CredentialKind::Token || entry.app.package.is_none());
        Ok(kinds.map(|kind| credential(entry, kind, &uses, now)).collect())
    }
}

/// Uses that are not stored yet.
struct Unsaved {
    counter: Arc<UseCounter>,
    /// The uses up to now, with those that are stored.
    count: u64,
    row: CredentialUse,
}

fn credential(entry: &AppEntry, kind: CredentialKind, uses: &[CredentialUse], now: Millis) -> Credential {
    let secret = entry.app.secrets.of(kind);
    let counted = |uses_id| {
        let its = uses.iter().filter(|one| one.kind == kind && one.uses_id == uses_id && one.count > 0);
        kind.is_observable().then(|| {
            its.fold(Uses::default(), |sum, one| Uses {
                count: sum.count + one.count,
                last_at: sum.last_at.max(Some(one.last_at)),
            })
        })
    };
    let value = |text: &Secret, set: &Option<SetBy>, uses_id| CredentialValue {
        prefix: text.prefix().map(str::to_owned),
        set: set.clone(),
        uses: counted(uses_id),
        sent: is_sent(entry, kind, secret, text, now),
    };
    let old =
        |old: &Previous| OldValue { value: value(&old.secret, &old.set, old.uses_id), until: old.until };
    Credential {
        kind,
        of_file: entry.file_secrets.has(kind),
        current: value(&secret.current, &secret.set, secret.uses_id),
        old: secret.old(now).map(old).collect(),
    }
}

/// Returns true if requests to the app carry this value, or are signed with it.
fn is_sent(entry: &AppEntry, kind: CredentialKind, secret: &Rotating, text: &Secret, now: Millis) -> bool {
    let app = &entry.app;
    let is_outbound = || secret.outbound_secret(now) == text;
    match kind {
        CredentialKind::Token => is_outbound(),
        CredentialKind::SecretKey => {
            app.receiver_url.is_some() && app.receiver_auth.is_none() && is_outbound()
        }
        // All valid ones sign.
        CredentialKind::SigningSecret => true,
    }
}
