//! The public keys of a provider (RFC 7517), and signatures by them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// The most keys that are read.
const MOST: usize = 64;

/// A signature algorithm. There are no others: `none` and shared secrets are not signatures of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
enum PublicKey {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of the curve, uncompressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A public key with its id, if it has one.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    id: Option<String>,
    key: PublicKey,
}

/// The public keys of a provider that sign with a known algorithm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a key set. Keys of unknown kinds are left out.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let set: Set = serde_json::from_slice(bytes).ok()?;
        Some(Self(set.keys.into_iter().take(MOST).filter_map(Jwk::key).collect()))
    }

    /// Returns true if a key could have made a signature with this key id and algorithm.
    pub(crate) fn has(&self, id: Option<&str>, algorithm: Algorithm) -> bool {
        self.fitting(id, algorithm).next().is_some()
    }

    /// Returns true if a fitting key made the signature.
    pub(crate) fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        self.fitting(id, algorithm).any(|key| key.key.verify(message, signature))
    }

    fn fitting<'a>(&'a self, id: Option<&'a str>, algorithm: Algorithm) -> impl Iterator<Item = &'a Key> {
        let named = move |key: &&Key| id.is_none_or(|id| key.id.as_deref().is_none_or(|known| known == id));
        self.0.iter().filter(named).filter(move |key| key.key.algorithm() == algorithm)
    }
}

impl Jwk {
    fn key(self) -> Option<Key> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let bytes = |text: Option<&String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let n = bytes(self.n.as_ref())?;
                // A number has no leading zeros, though some providers write one.
                let zeros = n.iter().take_while(|byte| **byte == 0).count();
                PublicKey::Rsa { n: n.get(zeros..)?.to_vec(), e: bytes(self.e.as_ref())? }
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(self.x.as_ref())?, bytes(self.y.as_ref())?);
                let fits = x.len() == 32 && y.len() == 32;
                PublicKey::P256(fits.then(|| [&[4], x.as_slice(), y.as_slice()].concat())?)
            }
            ("OKP", Some("Ed25519")) => PublicKey::Ed25519(bytes(self.x.as_ref())?),
            _ => return None,
        };
        let declared = self.alg.as_deref().map(Algorithm::named);
        declared.is_none_or(|alg| alg == Some(key.algorithm())).then_some(Key { id: self.kid, key })
    }
}

impl PublicKey {
    const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        verified.is_ok()
    }
}
