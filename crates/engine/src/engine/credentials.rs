//! Operations on the credentials of apps.

use super::build::Engine;
use crate::credentials::Credential;
use crate::detached::detached;
use crate::registry::{AppEntry, ChangeError, Overlap, RotatedSecrets, Rotation};
use footbridge_model::credential::CredentialKind;
use footbridge_model::name::AppName;
use std::sync::Arc;

impl Engine {
    /// The credentials of an app, without their values: their uses, and the old values that are still valid.
    ///
    /// # Errors
    /// [`ChangeError::NotFound`], or the store cannot be read.
    pub async fn credentials(&self, name: &AppName) -> Result<Vec<Credential>, ChangeError> {
        let entry = self.0.registry.app(name)?;
        Ok(self.0.credentials.of(&entry, self.now()).await?)
    }

    /// Replaces secrets of an app. Returns the new ones; they are not shown again. Each old value stays valid for the overlap
    /// that was given when it was replaced, also when the secret is replaced again during that time.
    ///
    /// ```
    /// use footbridge_engine::{AppSpec, Overlap, Rotation};
    /// use footbridge_model::name::AppName;
    ///
    /// # mod in_memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/in_memory.rs")); }
    /// # in_memory::run(|engine, _| async move {
    /// let (shop, old) = engine.add_app(AppSpec::named(AppName::parse("shop")?), vec![]).await?;
    /// let new = engine.rotate(&shop.app.name, Rotation::Ours, Overlap::DAY).await?;
    ///
    /// // Until the app has changed its settings, at most for a day, both tokens are valid.
    /// for token in [old.token, new.made.token] {
    ///     let token = token.ok_or("it was made")?;
    ///     assert!(engine.caller_by_token(token.expose().as_bytes()).is_some());
    /// }
    /// # Ok(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn rotate(
        &self,
        name: &AppName,
        which: Rotation,
        overlap: Overlap,
    ) -> Result<RotatedSecrets, ChangeError> {
        let (registry, owned) = (Arc::clone(&self.0.registry), name.clone());
        let by = self.actor();
        detached(async move { registry.rotate(&by, &owned, which, overlap).await }).await
    }

    /// Ends the overlap of one kind of secret of an app, or of all: replaced secrets become invalid.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub async fn end_overlap(
        &self,
        name: &AppName,
        kind: Option<CredentialKind>,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        let (registry, name) = (Arc::clone(&self.0.registry), name.clone());
        let by = self.actor();
        detached(async move { registry.end_overlap(&by, &name, kind).await }).await
    }

    /// Lets the old values of a secret that are valid stay valid for `overlap` from now on, at least.
    ///
    /// # Errors
    /// [`ChangeError::NoOverlap`] if none is valid, or another [`ChangeError`]
    pub async fn extend_overlap(
        &self,
        name: &AppName,
        kind: CredentialKind,
        overlap: Overlap,
    ) -> Result<Arc<AppEntry>, ChangeError> {
        let (registry, name) = (Arc::clone(&self.0.registry), name.clone());
        let by = self.actor();
        detached(async move { registry.extend_overlap(&by, &name, kind, overlap).await }).await
    }
}
