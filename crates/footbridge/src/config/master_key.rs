//! The key that encrypts the secrets in the database.

use std::fmt;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key of 32 bytes. It is wiped from memory when dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Makes a key from its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads base64 of 32 bytes (either alphabet, with or without padding) or 64 hexadecimal digits.
    ///
    /// A passphrase is refused: it could be guessed, and the key protects every secret.
    ///
    /// # Errors
    /// A message with the way to make a key. It never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = hex(text).or_else(|| {
            let encoded = text.trim_end_matches('=');
            let padded = format!("{encoded}{}", "=".repeat((4 - encoded.len() % 4) % 4));
            let decoded = STANDARD.decode(padded).ok().or_else(|| URL_SAFE_NO_PAD.decode(encoded).ok());
            decoded.map(Zeroizing::new)?.as_slice().try_into().ok()
        });
        bytes.map(Self::new).ok_or_else(|| {
            "must be 32 bytes as base64 or as 64 hexadecimal digits; `openssl rand -base64 32` makes one"
                .to_owned()
        })
    }

    /// Returns the bytes, for the journal only. For every other use, [`Self::derive`] makes a key.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives a key for another purpose: HMAC-SHA-256 of a label. The master key cannot be computed from it.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        // HMAC pads a short key with zeros. A key of a full block cannot be refused.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let mac = Hmac::<Sha256>::new((&*block).into());
        Zeroizing::new(mac.chain_update(label).finalize().into_bytes().into())
    }

    /// Returns the key as base64, the form of the key file.
    pub fn encode(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }
}

fn hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_hexadecimal_are_read() {
        let key = MasterKey::new([0xfb; 32]);
        assert_eq!(MasterKey::parse(&key.encode()), Ok(key.clone()));
        assert_eq!(MasterKey::parse(key.encode().trim_end_matches('=')), Ok(key.clone()));
        assert_eq!(MasterKey::parse(&URL_SAFE_NO_PAD.encode([0xfb; 32])), Ok(key.clone()));
        assert_eq!(MasterKey::parse(&"fB".repeat(32)), Ok(key.clone()));
        assert_eq!(format!("{key:?}"), "…");
    }

    #[test]
    fn a_derived_key_is_the_hmac_of_its_label() {
        // RFC 4231, test case 2, whose key is "Jefe".
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let derived = MasterKey::new(key).derive("what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(Some(*derived), hex(expected));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "a passphrase that is long enough",
            &"+f".repeat(32),
            &STANDARD.encode([1; 31]),
            &STANDARD.encode([1; 33]),
        ] {
            assert!(MasterKey::parse(text).is_err(), "{text}");
        }
    }
}
