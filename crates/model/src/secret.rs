//! Secrets: values that print as `…`, compare in constant time and are wiped when dropped.

use crate::time::{Entropy, Millis};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Text that must never be shown: a token, a key, a password.
#[derive(Clone)]
pub struct Secret {
    text: Zeroizing<String>,
    /// Made once: every comparison needs it.
    digest: Zeroizing<[u8; 32]>,
}

impl Secret {
    /// Takes the text under protection.
    pub fn new(text: impl Into<String>) -> Self {
        let text = Zeroizing::new(text.into());
        let digest = Zeroizing::new(digest(text.as_bytes()));
        Self { text, digest }
    }

    /// A made secret: `prefix` and 256 random bits as URL-safe base64. The prefix lets scanners spot leaks.
    pub fn make(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_ref())))
    }

    /// The text itself; for the wire and the sealed journal only.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// SHA-256 of it: enough to look a 256-bit secret up by (NIST SP 800-63B §5.1.2.2).
    pub fn digest(&self) -> [u8; 32] {
        *self.digest
    }

    /// Whether `offered` is this secret; takes the same time for every wrong guess.
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

/// A secret and, for the overlap after a rotation, the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotating {
    /// The newest.
    pub current: Secret,
    /// The one it replaced.
    pub previous: Option<Previous>,
}

/// A replaced secret that still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// The secret itself.
    pub secret: Secret,
    /// From when on it no longer counts.
    pub until: Millis,
    /// Whether the app has used the newest since: outbound calls then carry that one.
    pub superseded: bool,
}

impl Rotating {
    /// A secret that was never rotated.
    pub const fn new(current: Secret) -> Self {
        Self { current, previous: None }
    }

    /// This secret replaced by `next`; the old one counts until `until`.
    #[must_use]
    pub fn rotated(self, next: Secret, until: Millis) -> Self {
        Self { current: next, previous: Some(Previous { secret: self.current, until, superseded: false }) }
    }

    /// The secrets that count at `now`, newest first.
    pub fn live(&self, now: Millis) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.as_ref().filter(|previous| now < previous.until);
        std::iter::once(&self.current).chain(previous.map(|previous| &previous.secret))
    }

    /// The one outbound calls carry: the old one until the app has used the new one or the overlap ends.
    pub fn outbound(&self, now: Millis) -> &Secret {
        match &self.previous {
            Some(previous) if now < previous.until && !previous.superseded => &previous.secret,
            _ => &self.current,
        }
    }

    /// Whether `offered` counts at `now`, and whether it is the newest.
    pub fn check(&self, offered: &[u8], now: Millis) -> Option<SecretVersion> {
        // Both are compared whatever the first gave, so that time tells nothing.
        let current = self.current.matches(offered);
        let previous = self.previous.as_ref().is_some_and(|p| now < p.until && p.secret.matches(offered));
        match (current, previous) {
            (true, _) => Some(SecretVersion::Current),
            (false, true) => Some(SecretVersion::Previous),
            (false, false) => None,
        }
    }

    /// Whether using the newest now would end the outbound use of the old one.
    pub fn awaits_first_use(&self, now: Millis) -> bool {
        self.previous.as_ref().is_some_and(|p| now < p.until && !p.superseded)
    }
}

/// Which of two live secrets was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretVersion {
    /// The newest.
    Current,
    /// The one before, still inside its overlap.
    Previous,
}
