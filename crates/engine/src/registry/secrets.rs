//! Changes of an app's secrets: rotation, the overlap after it, and secrets that are shown once.

use super::app_registry::AppRegistry;
use super::entry::AppEntry;
use super::error::ChangeError;
use super::spec::{MadeSecrets, Overlap, RotatedSecrets, Rotation, SecretKind, SecretSet};
use footbridge_model::app::{App, Unseen};
use footbridge_model::audit::{Actor, ActorKind};
use footbridge_model::credential::CredentialKind;
use footbridge_model::name::AppName;
use footbridge_model::rotation::{Kept, OLD_MAX, Rotating, SetBy};
use footbridge_model::secret::Secret;
use footbridge_model::signature;
use footbridge_model::time::Millis;
use std::sync::Arc;

/// The prefix of generated tokens. Secret scanners recognise a leaked token by it.
pub(super) const TOKEN_PREFIX: &str = "fbt_";
/// The prefix of generated secret keys.
pub(super) const KEY_PREFIX: &str = "fbk_";

impl AppRegistry {
    /// Returns the secrets that the server has generated and nobody has seen. They are not shown again.
    pub(crate) async fn show_secrets(&self, by: &Actor, name: &AppName) -> Result<MadeSecrets, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let unseen = std::mem::take(&mut app.unseen);
        if unseen == Unseen::default() {
            return Err(ChangeError::Seen(name.clone()));
        }
        let secrets = app.secrets.clone();
        let shown = |unseen: bool, secret: Rotating| unseen.then_some(secret.current);
        let made = MadeSecrets {
            token: shown(unseen.token, secrets.token),
            secret_key: shown(unseen.secret_key, secrets.secret_key),
            signing_secret: shown(unseen.signing_secret, secrets.signing_secret),
        };
        self.store_app(lock, app, entry.file_secrets).await?;
        Ok(made)
    }

    /// Ends the overlap of one kind of secret, or of all: replaced secrets become invalid at once.
    pub(crate) async fn end_overlap(
        &self,
        by: &Actor,
        name: &AppName,
        kind: Option<CredentialKind>,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let ended: Vec<CredentialKind> = CredentialKind::ALL
            .into_iter()
            .filter(|of| kind.is_none_or(|kind| kind == *of))
            .filter(|of| !std::mem::take(&mut app.secrets.of_mut(*of).previous).is_empty())
            .collect();
        if ended.is_empty() {
            return Ok(entry);
        }
        // Pages may have proved themselves with the help of a replaced secret.
        if ended.iter().any(|kind| kind.is_observable()) {
            self.end_proofs(&mut app);
        }
        self.store_app(lock, app, entry.file_secrets).await
    }

    /// Extends the overlap of a kind of secret: its old values stay valid for `overlap` from now on, at least.
    pub(crate) async fn extend_overlap(
        &self,
        by: &Actor,
        name: &AppName,
        kind: CredentialKind,
        overlap: Overlap,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        let now = self.options.clock.now();
        let mut app = entry.app.clone();
        let rotating = app.secrets.of_mut(kind);
        if rotating.old(now).next().is_none() {
            return Err(ChangeError::NoOverlap { app: name.clone(), kind });
        }
        rotating.extend(now, overlap.end(now).unwrap_or(now));
        if app == entry.app {
            return Ok(entry);
        }
        self.store_app(lock, app, entry.file_secrets).await
    }

    /// Replaces secrets. The old ones stay valid for `overlap`. Returns the new ones, which are not shown again.
    pub(crate) async fn rotate(
        &self,
        by: &Actor,
        name: &AppName,
        which: Rotation,
        overlap: Overlap,
    ) -> Result<RotatedSecrets, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        let file = entry.file_secrets;
        let which = rotatable(which, &entry)?;
        let now = self.options.clock.now();
        let until = overlap.end(now);
        let mut app = entry.app.clone();
        for kind in CredentialKind::ALL.into_iter().filter(|kind| which.has(*kind)) {
            let rotating = app.secrets.of_mut(kind);
            if until.is_some() && rotating.old(now).count() >= OLD_MAX {
                return Err(ChangeError::TooManyOverlaps { app: name.clone(), kind });
            }
            let uses_id = || self.options.ids.next(now);
            let kept = until.map(|until| Kept { now, until, uses_id: uses_id() });
            let next = Rotating::set(self.generate(kind), uses_id(), set_by(by, now));
            *rotating = rotating.clone().replaced_by(next, kept);
        }
        if until.is_none() && (which.token || which.secret_key) {
            self.end_proofs(&mut app);
        }
        app.unseen = Unseen {
            token: app.unseen.token && !which.token,
            secret_key: app.unseen.secret_key && !which.secret_key,
            signing_secret: app.unseen.signing_secret && !which.signing_secret,
        };
        let new = |kind| which.has(kind).then(|| app.secrets.of(kind).current.clone());
        let made = MadeSecrets {
            token: new(CredentialKind::Token),
            secret_key: new(CredentialKind::SecretKey),
            signing_secret: new(CredentialKind::SigningSecret),
        };
        self.store_app(lock, app, file).await?;
        Ok(RotatedSecrets { made, old_until: until })
    }

    fn generate(&self, kind: CredentialKind) -> Secret {
        let entropy = &*self.options.entropy;
        match kind {
            CredentialKind::Token => Secret::make(TOKEN_PREFIX, entropy),
            CredentialKind::SecretKey => Secret::make(KEY_PREFIX, entropy),
            CredentialKind::SigningSecret => signature::make(entropy),
        }
    }

    /// Records that an app has used a secret that is newer than the one in outbound requests. From now on, outbound requests
    /// carry that one.
    pub(crate) async fn mark_first_use(&self, first: &FirstUse) -> Result<(), ChangeError> {
        let by = Actor::app(&first.app);
        let lock = &self.lock_changes(&by).await?;
        let entry = self.app(&first.app)?;
        let mut app = entry.app.clone();
        let rotating = app.secrets.of_mut(first.kind.into());
        match rotating.by_uses_id(first.uses_id) {
            Some(version) if rotating.switches(version, self.options.clock.now()) => rotating.switch(version),
            _ => return Ok(()),
        }
        self.store_app(lock, app, entry.file_secrets).await.map(drop)
    }

    /// Invalidates everything that pages have proved so far.
    pub(super) fn end_proofs(&self, app: &mut App) {
        app.proof_epoch = self.options.ids.next(self.options.clock.now());
    }

    /// The app, other than `name`, that `token` authenticates.
    pub(super) fn other_token_owner(&self, name: &AppName, token: &Secret) -> Option<AppName> {
        let directory = self.directory.load();
        directory.owner(token, self.options.clock.now()).filter(|owner| *owner != name).cloned()
    }

    /// Prepares an app for being switched on: while it was off, another app may have taken its token.
    pub(super) fn reclaim_token(&self, app: &mut App) -> Result<(), ChangeError> {
        if let Some(owner) = self.other_token_owner(&app.name, &app.secrets.token.current) {
            let why = format!("its token is that of the app `{owner}` by now; rotate it first");
            return Err(ChangeError::invalid("enabled", why));
        }
        let token = &mut app.secrets.token;
        let is_free = |secret: &Secret| self.other_token_owner(&app.name, secret).is_none();
        token.previous.retain(|previous| is_free(&previous.secret));
        Ok(())
    }
}

/// The first use of a secret that is newer than the one in outbound requests.
#[derive(Debug)]
pub(crate) struct FirstUse {
    /// The app that has used it.
    pub(crate) app: AppName,
    /// The kind of the secret.
    pub(crate) kind: SecretKind,
    /// The number of the secret.
    pub(crate) uses_id: u64,
}

/// Who sets a secret, and when.
pub(super) fn set_by(by: &Actor, at: Millis) -> SetBy {
    let name = match by.kind {
        ActorKind::File => "the configuration file".to_owned(),
        ActorKind::System => "the server".to_owned(),
        ActorKind::Token | ActorKind::User | ActorKind::ApiToken | ActorKind::App => by.name.clone(),
    };
    SetBy { at, by: name }
}

/// The secrets to rotate. The configuration file must define none of them.
fn rotatable(which: Rotation, entry: &AppEntry) -> Result<SecretSet, ChangeError> {
    let (app, file) = (&entry.app.name, entry.file_secrets);
    // The token of an installed app belongs to its run and changes with it.
    let of_run = entry.app.package.is_some();
    let managed = |what: &str| Err(ChangeError::ManagedByFile(format!("{what} of the app `{app}`")));
    match which {
        Rotation::Ours => {
            let free = SecretSet {
                token: !file.token && !of_run,
                secret_key: !file.secret_key,
                signing_secret: !file.signing_secret,
            };
            if free == SecretSet::default() { managed("each secret") } else { Ok(free) }
        }
        Rotation::These(these) if these.token && of_run => Err(ChangeError::TokenOfRun(app.clone())),
        Rotation::These(these) => {
            match CredentialKind::ALL.into_iter().find(|kind| these.has(*kind) && file.has(*kind)) {
                Some(kind) => managed(&format!("the {kind}")),
                None => Ok(these),
            }
        }
    }
}
