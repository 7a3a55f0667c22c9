//! What a page has proved: which app it is of. It is looked at again whenever it is used.

use super::entry::AppEntry;
use super::spec::SecretKind;
use super::state::Registry;
use footbridge_model::name::AppName;
use std::fmt;
use std::sync::Arc;

/// That something is an app's, as the app was when this was proved. It no longer counts once the app is removed or was
/// switched off, or once the secret that it was proved with is replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct AppProof {
    name: AppName,
    generation: u64,
    epoch: u64,
    /// With which kind of secret, and the digest of the newest one then; `None` when no secret can end it.
    secret: Option<(SecretKind, [u8; 32])>,
}

impl fmt::Debug for AppProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppProof").field("app", &self.name).finish_non_exhaustive()
    }
}

impl AppProof {
    /// Which app was proved.
    pub const fn app(&self) -> &AppName {
        &self.name
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// What a signature over it covers: the same for the same app in the same state, and for no other.
    pub fn sealed(&self) -> Vec<u8> {
        let mut bytes = [self.generation.to_be_bytes(), self.epoch.to_be_bytes()].concat();
        bytes.extend(self.secret.iter().flat_map(|(_, digest)| digest));
        bytes.extend_from_slice(self.name.key().as_bytes());
        bytes
    }
}

impl AppEntry {
    /// A proof of this app as it is now, which no secret ends.
    pub fn proof(&self) -> AppProof {
        self.proof_by(None)
    }

    /// The same, made with a secret of this kind: it ends when that is replaced.
    pub(crate) fn proof_by(&self, kind: Option<SecretKind>) -> AppProof {
        let secrets = &self.app.secrets;
        let digest = |kind| match kind {
            // That of an installed app changes with each of its runs, by nobody's wish.
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

impl Registry {
    /// The app that was proved, if the proof still counts.
    pub(crate) fn proved(&self, proof: &AppProof) -> Option<Arc<AppEntry>> {
        let entry = self.directory.load().app(proof.name.key()).filter(|entry| entry.app.enabled).cloned()?;
        let same = entry.proof_by(proof.secret.map(|(kind, _)| kind)) == *proof;
        same.then_some(entry)
    }
}
