//! Secrets: values that print as `…`, are compared in constant time, and are wiped from memory when dropped.

use crate::time::{Entropy, Millis};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

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
        self.digest.ct_eq(&digest(offered)).into()
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

/// A secret and, during the overlap after a rotation, the secret before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotating {
    /// The current secret.
    pub current: Secret,
    /// The secret that it has replaced.
    pub previous: Option<Previous>,
}

/// A replaced secret that is still valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// The replaced secret.
    pub secret: Secret,
    /// The time at which it becomes invalid.
    pub until: Millis,
    /// True once the app has used the current secret. Outbound calls then use that one too.
    pub superseded: bool,
}

impl Rotating {
    /// A secret that was never rotated.
    pub const fn new(current: Secret) -> Self {
        Self { current, previous: None }
    }

    /// Replaces the current secret by `next`. The old one stays valid until `until`.
    #[must_use]
    pub fn rotated(self, next: Secret, until: Millis) -> Self {
        Self { current: next, previous: Some(Previous { secret: self.current, until, superseded: false }) }
    }

    /// The secrets that are valid at `now`, newest first.
    pub fn live(&self, now: Millis) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.as_ref().filter(|previous| now < previous.until);
        std::iter::once(&self.current).chain(previous.map(|previous| &previous.secret))
    }

    /// The secret for outbound calls: the old one until the app has used the new one or the overlap ends.
    pub fn outbound(&self, now: Millis) -> &Secret {
        match &self.previous {
            Some(previous) if now < previous.until && !previous.superseded => &previous.secret,
            _ => &self.current,
        }
    }

    /// Returns the version of `offered` if it is valid at `now`.
    pub fn check(&self, offered: &[u8], now: Millis) -> Option<SecretVersion> {
        // Both are always compared, so that the time of the check reveals nothing.
        let current = self.current.matches(offered);
        let previous = self.previous.as_ref().is_some_and(|p| now < p.until && p.secret.matches(offered));
        match (current, previous) {
            (true, _) => Some(SecretVersion::Current),
            (false, true) => Some(SecretVersion::Previous),
            (false, false) => None,
        }
    }

    /// Returns true if a use of the current secret would switch outbound calls to it.
    pub fn awaits_first_use(&self, now: Millis) -> bool {
        self.previous.as_ref().is_some_and(|p| now < p.until && !p.superseded)
    }
}

/// A version of a rotated secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretVersion {
    /// The current secret.
    Current,
    /// The secret before it, during the overlap.
    Previous,
}
