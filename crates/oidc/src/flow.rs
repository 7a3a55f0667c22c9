//! The values of one sign-in that the browser keeps in a cookie until it comes back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_model::time::Entropy;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;

/// The random values of one sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct Flow {
    /// Ties the answer to the browser that asked.
    pub(crate) state: String,
    /// Ties the ID token to this sign-in.
    pub(crate) nonce: String,
    /// Ties the code to whoever asked for it (PKCE).
    pub(crate) verifier: String,
    /// True if nobody is to be signed in: somebody tries the settings out.
    trial: bool,
}

/// The end of a cookie of a trial.
const TRIAL: &str = "trial";

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flow(…)")
    }
}

impl Flow {
    /// Begins a sign-in, with 256 random bits for each value. A `trial` signs nobody in.
    pub fn begin(entropy: &dyn Entropy, trial: bool) -> Self {
        let random = || {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        Self { state: random(), nonce: random(), verifier: random(), trial }
    }

    /// Writes the values for a cookie.
    pub fn cookie(&self) -> String {
        let trial = if self.trial { TRIAL } else { "" };
        format!("{}.{}.{}.{trial}", self.state, self.nonce, self.verifier)
    }

    /// Returns true if nobody is to be signed in.
    pub fn is_trial(&self) -> bool {
        self.trial
    }

    /// Reads the values from a cookie.
    pub fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.split('.').map(str::to_owned);
        let (state, nonce, verifier, kind) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let whole = |part: &String| part.len() == 43;
        let all = [&state, &nonce, &verifier].into_iter().all(whole) && parts.next().is_none();
        let known = kind.is_empty() || kind == TRIAL;
        (all && known).then(|| Self { state, nonce, verifier, trial: kind == TRIAL })
    }

    /// Returns true if the answer of the provider has the state of this sign-in.
    pub(crate) fn has_state(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// The challenge for the verifier, by the method S256 (RFC 7636).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier.as_bytes()))
    }
}
