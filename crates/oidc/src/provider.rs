//! A provider: its endpoints and keys, and the two steps of a sign-in.

use crate::claims::{self, Identity};
use crate::error::OidcError;
use crate::fetch::Fetch;
use crate::flow::Flow;
use crate::jwks::Keys;
use crate::jwt::Token;
use crate::metadata::{self, Metadata};
use crate::settings::OidcSettings;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use footbridge_courier::Courier;
use footbridge_model::time::Millis;
use form_urlencoded::Serializer;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long endpoints and keys are used before they are fetched again.
const FRESH: Duration = Duration::from_hours(1);
/// The shortest time between two fetches because of an unknown key.
const REFRESH_AFTER: Duration = Duration::from_secs(5);

/// A provider, with what was fetched from it last.
#[derive(Debug)]
pub struct Provider {
    settings: OidcSettings,
    /// The URL at this server to which the provider sends the browser back.
    redirect: String,
    known: Mutex<Option<Arc<Known>>>,
}

#[derive(Debug)]
struct Known {
    metadata: Metadata,
    keys: Keys,
    at: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct TokenError {
    error: String,
}

impl Provider {
    /// Creates a provider. Nothing is fetched before the first sign-in.
    pub fn new(settings: OidcSettings, redirect: String) -> Self {
        Self { settings, redirect, known: Mutex::default() }
    }

    /// The settings of the provider.
    pub fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// Returns the address to send the browser to.
    ///
    /// # Errors
    /// [`OidcError::Provider`]
    pub async fn sign_in_url(&self, courier: &Courier, flow: &Flow) -> Result<String, OidcError> {
        let known = self.known(courier, FRESH).await?;
        let endpoint = &known.metadata.authorization_endpoint;
        let mut url = url::Url::parse(endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http"))
            .ok_or_else(|| {
            OidcError::provider(format!("{endpoint:?} is not a URL to send browsers to"))
        })?;
        let scopes = std::iter::once("openid").chain(self.settings.scopes.iter().map(String::as_str));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Ends a sign-in with the query that the browser brings back, and returns who it is.
    ///
    /// # Errors
    /// [`OidcError`]
    pub async fn finish(
        &self,
        courier: &Courier,
        flow: Option<Flow>,
        query: &str,
        now: Millis,
    ) -> Result<Identity, OidcError> {
        let flow = flow.ok_or(OidcError::State)?;
        let answer: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| {
            let mut found = answer.iter().filter(|(known, _)| known == name);
            let first = found.next()?;
            found.next().is_none().then_some(&*first.1)
        };
        if !value("state").is_some_and(|state| flow.has_state(state)) {
            return Err(OidcError::State);
        }
        if value("iss").is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(OidcError::Refused("the answer is of another provider".to_owned()));
        }
        if let Some(error) = value("error") {
            return Err(OidcError::Refused(shown(error)));
        }
        let code = value("code").ok_or_else(|| OidcError::Refused("the answer has no code".to_owned()))?;
        let tokens = self.exchange(courier, &flow, code).await?;
        let text = tokens.id_token.ok_or_else(|| OidcError::token("the provider sent none"))?;
        let token = Token::parse(&text)?;
        let mut known = self.known(courier, FRESH).await?;
        if !token.is_known_to(&known.keys) {
            // The provider has new keys.
            known = self.known(courier, REFRESH_AFTER).await?;
        }
        let mut claims = token.claims(&known.keys)?;
        claims::check(&claims, &self.settings, &flow.nonce, now)?;
        if !claims.contains_key(&self.settings.claim) {
            self.add_userinfo(courier, &known.metadata, tokens.access_token.as_deref(), &mut claims).await?;
        }
        claims::identity(&claims, &self.settings)
    }

    /// Exchanges the code for tokens.
    async fn exchange(&self, courier: &Courier, flow: &Flow, code: &str) -> Result<Tokens, OidcError> {
        let known = self.known(courier, FRESH).await?;
        let OidcSettings { issuer, client_id, client_secret, .. } = &self.settings;
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("code_verifier", &flow.verifier);
        let credential = match client_secret {
            Some(secret) if known.metadata.takes_secret_in_body() => {
                form.append_pair("client_id", client_id).append_pair("client_secret", secret.expose());
                None
            }
            Some(secret) => {
                // Both halves are written as in a form (RFC 6749 §2.3.1).
                let encode =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(client_id), encode(secret.expose()));
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
            None => {
                form.append_pair("client_id", client_id);
                None
            }
        };
        let fetch = Fetch::new(courier, issuer)?;
        let (status, body) = fetch.post(&known.metadata.token_endpoint, credential, form.finish()).await?;
        if !status.is_success() {
            let error = serde_json::from_slice(&body)
                .map_or_else(|_| status.to_string(), |error: TokenError| error.error);
            return Err(OidcError::Refused(shown(&error)));
        }
        serde_json::from_slice(&body)
            .map_err(|_| OidcError::provider("its answer to the code cannot be read"))
    }

    /// Adds the claims that the provider only gives at another endpoint. Those of the ID token count more.
    async fn add_userinfo(
        &self,
        courier: &Courier,
        metadata: &Metadata,
        access_token: Option<&str>,
        claims: &mut Map<String, Value>,
    ) -> Result<(), OidcError> {
        let (Some(url), Some(token)) = (&metadata.userinfo_endpoint, access_token) else { return Ok(()) };
        let body = Fetch::new(courier, &self.settings.issuer)?.get(url, Some(token)).await?;
        let more: Map<String, Value> = serde_json::from_slice(&body)
            .map_err(|_| OidcError::provider("its claims about the user cannot be read"))?;
        if more.get("sub") != claims.get("sub") {
            return Err(OidcError::token("the further claims are about another user"));
        }
        for (name, value) in more {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Returns the endpoints and the keys, fetched again if they are older than `within`.
    async fn known(&self, courier: &Courier, within: Duration) -> Result<Arc<Known>, OidcError> {
        let held = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = held.filter(|known| known.at.elapsed() < within) {
            return Ok(known);
        }
        let issuer = &self.settings.issuer;
        let fetch = Fetch::new(courier, issuer)?;
        let metadata = Metadata::parse(&fetch.get(&metadata::url(issuer), None).await?, issuer)?;
        let keys = fetch.get(&metadata.jwks_uri, None).await?;
        let keys = Keys::parse(&keys).ok_or_else(|| OidcError::provider("its keys cannot be read"))?;
        let known = Arc::new(Known { metadata, keys, at: Instant::now() });
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }
}

/// Returns a word of the provider, shortened and without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
