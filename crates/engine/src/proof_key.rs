//! What proofs are signed with, so that nothing of them has to be kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// A key that lasts as long as the master key and is used for proofs of pages alone.
#[derive(Clone)]
pub struct ProofKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ProofKey {
    /// Takes the key.
    pub fn new(key: impl Into<Zeroizing<[u8; 32]>>) -> Self {
        Self(key.into())
    }

    /// A signature over `parts`; `label` says what they are, so that none stands for something else.
    pub(crate) fn mac(&self, label: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
        // HMAC fills a short key up with zeros itself; given whole, it cannot be refused.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into()).chain_update(label);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    /// The signature as URL-safe text of 43 characters.
    pub(crate) fn text(&self, label: &str, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(label, parts).finalize().into_bytes())
    }
}
