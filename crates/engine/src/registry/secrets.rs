//! Changes of an app's secrets: rotation, the overlap after it, and secrets that are shown once.

use super::app_registry::AppRegistry;
use super::entry::AppEntry;
use super::error::ChangeError;
use super::spec::{MadeSecrets, Overlap, Rotation, SecretKind, SecretSet};
use footbridge_model::app::{App, AppSecrets, Unseen};
use footbridge_model::audit::Actor;
use footbridge_model::name::AppName;
use footbridge_model::secret::{Rotating, Secret};
use footbridge_model::signature;
use std::sync::Arc;
use std::time::Duration;

/// How long a replaced secret stays valid.
const OVERLAP: Duration = Duration::from_hours(24);
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

    /// Ends the overlap: replaced secrets become invalid at once.
    pub(crate) async fn end_overlap(&self, by: &Actor, name: &AppName) -> Result<Arc<AppEntry>, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let AppSecrets { token, secret_key, signing_secret } = &mut app.secrets;
        for secret in [token, secret_key, signing_secret] {
            secret.previous = None;
        }
        self.end_proofs(&mut app);
        self.store_app(lock, app, entry.file_secrets).await
    }

    /// Replaces secrets. The old ones stay valid for another 24 hours, unless `overlap` says otherwise. Returns the new
    /// ones, which are not shown again.
    pub(crate) async fn rotate(
        &self,
        by: &Actor,
        name: &AppName,
        which: Rotation,
        overlap: Overlap,
    ) -> Result<MadeSecrets, ChangeError> {
        let lock = &self.lock_changes(by).await?;
        let entry = self.app(name)?;
        let file = entry.file_secrets;
        let which = rotatable(which, file, name)?;
        // The token of an installed app belongs to its run and changes with it.
        let which = SecretSet { token: which.token && entry.app.package.is_none(), ..which };
        let mut app = entry.app.clone();
        let until = self.options.clock.now().plus(OVERLAP);
        let replace = |rotating: &mut Rotating, next: Secret| {
            *rotating = match overlap {
                Overlap::Day => rotating.clone().rotated(next.clone(), until),
                Overlap::None => Rotating::new(next.clone()),
            };
            next
        };
        if overlap == Overlap::None {
            self.end_proofs(&mut app);
        }
        app.unseen = Unseen {
            token: app.unseen.token && !which.token,
            secret_key: app.unseen.secret_key && !which.secret_key,
            signing_secret: app.unseen.signing_secret && !which.signing_secret,
        };
        let entropy = &*self.options.entropy;
        let secrets = &mut app.secrets;
        let made = MadeSecrets {
            token: which.token.then(|| replace(&mut secrets.token, Secret::make(TOKEN_PREFIX, entropy))),
            secret_key: which
                .secret_key
                .then(|| replace(&mut secrets.secret_key, Secret::make(KEY_PREFIX, entropy))),
            signing_secret: which
                .signing_secret
                .then(|| replace(&mut secrets.signing_secret, signature::make(entropy))),
        };
        self.store_app(lock, app, file).await?;
        Ok(made)
    }

    /// Records that an app has used its new secret. From now on, outbound calls use that one.
    pub(crate) async fn mark_first_use(&self, name: &AppName, kind: SecretKind) -> Result<(), ChangeError> {
        let by = Actor::app(name);
        let lock = &self.lock_changes(&by).await?;
        let entry = self.app(name)?;
        let mut app = entry.app.clone();
        let rotating = match kind {
            SecretKind::Token => &mut app.secrets.token,
            SecretKind::SecretKey => &mut app.secrets.secret_key,
        };
        match &mut rotating.previous {
            Some(previous) if !previous.superseded => previous.superseded = true,
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
        token.previous = token.previous.take().filter(|previous| is_free(&previous.secret));
        Ok(())
    }
}

/// The secrets to rotate. The configuration file must define none of them.
fn rotatable(which: Rotation, file: SecretSet, app: &AppName) -> Result<SecretSet, ChangeError> {
    let free =
        SecretSet { token: !file.token, secret_key: !file.secret_key, signing_secret: !file.signing_secret };
    let managed = |what: &str| Err(ChangeError::ManagedByFile(format!("{what} of the app `{app}`")));
    match which {
        Rotation::Ours if free == SecretSet::default() => managed("each secret"),
        Rotation::Ours => Ok(free),
        Rotation::These(these) if these.token && file.token => managed("the token"),
        Rotation::These(these) if these.secret_key && file.secret_key => managed("the secret_key"),
        Rotation::These(these) if these.signing_secret && file.signing_secret => {
            managed("the signing_secret")
        }
        Rotation::These(these) => Ok(these),
    }
}
