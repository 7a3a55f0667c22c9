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
        put_number(timestamp, |digits| mac.update(digits));
        mac.update(b".");
        mac.update(body);
        if !header.is_empty() {
            header.push(' ');
        }
        header.push_str("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), header);
    }
}

/// Passes the digits of a number to `put`. The standard formatter takes ten times as long, for every message.
fn put_number(number: i64, put: impl FnOnce(&[u8])) {
    if number < 0 {
        return put(number.to_string().as_bytes());
    }
    let mut text = [b'0'; 19];
    let mut rest = number;
    let mut used = 0;
    for place in text.iter_mut().rev() {
        *place += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    put(text.get(text.len() - used..).unwrap_or_default());
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
    fn numbers_are_written_as_the_formatter_does() {
        for number in [0, 7, 10, 1_764_000_000, i64::MAX, -1, i64::MIN] {
            put_number(number, |digits| assert_eq!(digits, number.to_string().as_bytes()));
        }
    }

    #[test]
    fn bad_secrets() {
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_!!!!"] {
            assert!(Signer::new(&Secret::new(bad)).is_err(), "{bad}");
        }
    }
}
