//! Standard Webhooks 1.0 signatures: HMAC-SHA256 over `id.timestamp.body`.

use crate::secret::Secret;
use crate::time::Entropy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The prefix of every signing secret.
pub const PREFIX: &str = "whsec_";

/// The text is not a signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is `whsec_` and the base64 of 24 to 64 bytes")]
pub struct BadSigningSecret;

/// A signing secret with a prepared key, so that a signature costs only its hash.
#[derive(Clone)]
pub struct Signer {
    key: Hmac<Sha256>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// Parses a secret `whsec_…`.
    ///
    /// # Errors
    /// [`BadSigningSecret`] for another prefix, bad base64 or a length outside 24 to 64 bytes.
    pub fn new(secret: &Secret) -> Result<Self, BadSigningSecret> {
        let text = secret.expose().strip_prefix(PREFIX).ok_or(BadSigningSecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| BadSigningSecret)?);
        if !(24..=64).contains(&bytes.len()) {
            return Err(BadSigningSecret);
        }
        let key = Hmac::new_from_slice(&bytes).map_err(|_| BadSigningSecret)?;
        Ok(Self { key })
    }

    /// Appends the signature `v1,<base64>` to `header`, after a space if it is not empty.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8], header: &mut String) {
        let mut mac = self.key.clone();
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(itoa::Buffer::new().format(timestamp).as_bytes());
        mac.update(b".");
        mac.update(body);
        if !header.is_empty() {
            header.push(' ');
        }
        header.push_str("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), header);
    }
}

/// Generates a signing secret of 32 random bytes.
pub fn make(entropy: &dyn Entropy) -> Secret {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(bytes.as_mut());
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that Standard Webhooks publishes, shared with the JavaScript tests.
    #[test]
    fn published_vectors() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../fixtures/signatures.json")).unwrap();
        for vector in file["vectors"].as_array().unwrap() {
            let text = |name: &str| vector[name].as_str().unwrap().to_owned();
            let signer = Signer::new(&Secret::new(text("secret"))).unwrap();
            let mut header = String::new();
            signer.sign(
                &text("id"),
                vector["timestamp"].as_i64().unwrap(),
                text("body").as_bytes(),
                &mut header,
            );
            assert_eq!(header, text("signature"));
        }
    }

    #[test]
    fn bad_secrets() {
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_!!!!"] {
            assert!(Signer::new(&Secret::new(bad)).is_err(), "{bad}");
        }
    }
}
