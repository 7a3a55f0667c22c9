//! Proofs that a page belongs to an app. A proof is checked again at every use.

use super::app_registry::AppRegistry;
use super::entry::AppEntry;
use super::spec::SecretKind;
use footbridge_model::name::AppName;
use std::fmt;
use std::sync::Arc;

/// A proof that its holder belongs to an app. It becomes invalid when the app is deleted or switched off, or when the
/// secret that it was made with is replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct AppProof {
    name: AppName,
    generation: u64,
    epoch: u64,
    /// The kind of secret that the proof was made with, and the digest of the secret; `None` if no rotation ends it.
    secret: Option<(SecretKind, [u8; 32])>,
}

impl fmt::Debug for AppProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppProof").field("app", &self.name).finish_non_exhaustive()
    }
}

impl AppProof {
    /// The app that the holder belongs to.
    pub const fn app(&self) -> &AppName {
        &self.name
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// The bytes that a signature over the proof covers. Equal proofs have equal bytes; different ones have different bytes.
    pub fn sealed(&self) -> Vec<u8> {
        let mut bytes = [self.generation.to_be_bytes(), self.epoch.to_be_bytes()].concat();
        bytes.extend(self.secret.iter().flat_map(|(_, digest)| digest));
        bytes.extend_from_slice(self.name.key().as_bytes());
        bytes
    }
}

impl AppEntry {
    /// A proof for this app that no rotation ends.
    pub fn proof(&self) -> AppProof {
        self.proof_by(None)
    }

    /// A proof for this app, made with a secret of this kind: it ends when that secret is replaced.
    pub(crate) fn proof_by(&self, kind: Option<SecretKind>) -> AppProof {
        let secrets = &self.app.secrets;
        let digest = |kind| match kind {
            // The token of an installed app changes with every run, which must not end the proof.
            SecretKind::Token if self.app.package.is_some() => None,
            SecretKind::Token => Some((kind, secrets.token.current.digest())),
            SecretKind::SecretKey => Some((kind, secrets.secret_key.current.digest())),
        };
        AppProof {
            name: self.app.name.clone(),
            generation: self.app.generation,
            epoch: self.app.proof_epoch,
            secret: kind.and_then(digest),
        }
    }
}

impl AppRegistry {
    /// The app that a proof authenticates, if the proof is still valid.
    pub(crate) fn app_by_proof(&self, proof: &AppProof) -> Option<Arc<AppEntry>> {
        let entry = self.directory.load().app(proof.name.key()).filter(|entry| entry.app.enabled).cloned()?;
        let same = entry.proof_by(proof.secret.map(|(kind, _)| kind)) == *proof;
        same.then_some(entry)
    }
}
