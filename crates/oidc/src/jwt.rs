//! ID tokens in the compact form (RFC 7515).

use crate::error::OidcError;
use crate::jwks::{Algorithm, Keys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest token, in bytes.
const LONGEST: usize = 64 * 1024;

/// A token whose signature is not checked yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    /// The signed part of the text.
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that a reader must understand; this one understands none.
    crit: Option<Value>,
}

fn decode(part: &str, what: &str) -> Result<Vec<u8>, OidcError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| OidcError::token(format!("its {what} cannot be read")))
}

impl<'a> Token<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// It is not a token, or its algorithm is not one of RS256, ES256 and `EdDSA`.
    pub(crate) fn parse(text: &'a str) -> Result<Self, OidcError> {
        let malformed = || OidcError::token("it is not a signed token");
        if text.len() > LONGEST {
            return Err(OidcError::token("it is too long"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) =
            signed.split_once('.').filter(|(_, payload)| !payload.contains('.')).ok_or_else(malformed)?;
        let header: Header = serde_json::from_slice(&decode(header, "header")?).map_err(|_| malformed())?;
        let algorithm = Algorithm::named(&header.alg).ok_or_else(|| {
            OidcError::token("its algorithm is not RS256, ES256 or EdDSA; set one of these for this client at the provider")
        })?;
        if header.crit.is_some() {
            return Err(OidcError::token("it has critical extensions, which are not supported"));
        }
        let signature = decode(signature, "signature")?;
        Ok(Self { algorithm, key_id: header.kid, signed, payload, signature })
    }

    /// Returns true if the keys contain one that could have signed this token.
    pub(crate) fn is_known_to(&self, keys: &Keys) -> bool {
        keys.has(self.key_id.as_deref(), self.algorithm)
    }

    /// Checks the signature and returns the claims.
    ///
    /// # Errors
    /// No key of the provider made the signature.
    pub(crate) fn claims(&self, keys: &Keys) -> Result<Map<String, Value>, OidcError> {
        let message = self.signed.as_bytes();
        if !keys.verify(self.key_id.as_deref(), self.algorithm, message, &self.signature) {
            return Err(OidcError::token("its signature is not by a key of the provider"));
        }
        let payload = decode(self.payload, "content")?;
        serde_json::from_slice(&payload).map_err(|_| OidcError::token("its content is not an object"))
    }
}
