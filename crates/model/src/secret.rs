//! Secrets: values that print as `…`, are compared in constant time, and are wiped from memory when dropped.

use crate::time::Entropy;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The first characters of generated tokens, secret keys and signing secrets.
const GENERATED: [&str; 3] = ["fbt_", "fbk_", "whsec_"];
/// The number of random characters that a prefix shows, of those that a generated secret has at least.
const PREFIX: usize = 4;
const RANDOM_MIN: usize = 32;

/// A secret text: a token, a key or a password.
///
/// ```
/// use footbridge_model::secret::Secret;
///
/// let secret = Secret::new("correct horse");
/// assert!(secret.matches(b"correct horse"));
/// assert_eq!(format!("{secret:?}"), "…");
/// ```
#[derive(Clone)]
pub struct Secret {
    text: Zeroizing<String>,
    /// SHA-256 of the text; computed once, because every comparison needs it.
    digest: Zeroizing<[u8; 32]>,
}

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        let digest = Zeroizing::new(digest(text.as_bytes()));
        Self { text, digest }
    }

    /// Generates a secret: `prefix` and 256 random bits as URL-safe base64. Secret scanners find leaks by the prefix.
    pub fn make(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_ref())))
    }

    /// The text; only for requests and for sealed storage.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, which is enough for looking up a 256-bit secret (NIST SP 800-63B §5.1.2.2).
    pub fn digest(&self) -> [u8; 32] {
        *self.digest
    }

    /// Returns true if `offered` is this secret. Takes the same time for every wrong guess.
    pub fn matches(&self, offered: &[u8]) -> bool {
        self.has_digest(&digest(offered))
    }

    /// Returns true if `offered` is the digest of this secret. Takes the same time for every wrong guess.
    pub fn has_digest(&self, offered: &[u8; 32]) -> bool {
        self.digest.ct_eq(offered).into()
    }

    /// The beginning of the text, by which a person recognises a generated secret. `None` for other secrets: their beginning
    /// could help to guess them.
    pub fn prefix(&self) -> Option<&str> {
        let mark = GENERATED.into_iter().find(|mark| self.text.starts_with(mark))?;
        let is_generated = self.text.is_ascii() && self.text.len() >= mark.len() + RANDOM_MIN;
        is_generated.then(|| self.text.get(..mark.len() + PREFIX))?
    }
}

/// SHA-256 of `bytes`.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.digest.ct_eq(&*other.digest).into()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_generated_secrets_have_a_prefix() {
        let random = "k3QzWlm0aVbN8sTqRfYxC2dEgHjUoPi7";
        for (text, prefix) in [
            (format!("fbt_{random}"), Some("fbt_k3Qz")),
            (format!("whsec_{random}"), Some("whsec_k3Qz")),
            (random.to_owned(), None),
            ("fbt_short".to_owned(), None),
            (format!("fbk_ä{random}"), None),
            (String::new(), None),
        ] {
            assert_eq!(Secret::new(text.clone()).prefix(), prefix, "{text}");
        }
    }
}
