//! The key that tickets and page tokens are signed with. Signed credentials need no store.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// A signing key, derived from the master key and used for credentials of pages only.
#[derive(Clone)]
pub struct ProofKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ProofKey {
    /// Creates the key from its 32 bytes.
    pub fn new(key: impl Into<Zeroizing<[u8; 32]>>) -> Self {
        Self(key.into())
    }

    /// Starts an HMAC over `parts`. `label` names their purpose, so that a signature of one purpose is not valid for another.
    pub(crate) fn mac(&self, label: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
        // HMAC pads a short key with zeros. A block of full length needs no error handling.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into()).chain_update(label);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    /// Returns the signature over `parts` as 43 characters of URL-safe base64.
    pub(crate) fn text(&self, label: &str, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(label, parts).finalize().into_bytes())
    }
}
