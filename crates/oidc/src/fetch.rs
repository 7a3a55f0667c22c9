//! Requests to the provider, through the courier and its address policy.

use crate::error::OidcError;
use bytes::Bytes;
use footbridge_courier::{AnswerLimit, Courier, Grant, Outbound, Target};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest time that the provider may take for an answer.
const WITHIN: Duration = Duration::from_secs(10);
/// The largest answer, in bytes.
const LARGEST: usize = 256 * 1024;

/// Sends requests to a provider. Its host, which the operator has written, is allowed; other hosts follow the policy.
pub(crate) struct Fetch<'a> {
    courier: &'a Courier,
    grants: Arc<[Grant]>,
}

impl<'a> Fetch<'a> {
    pub(crate) fn new(courier: &'a Courier, issuer: &str) -> Result<Self, OidcError> {
        let grant = Grant::for_target(&target(issuer)?);
        Ok(Self { courier, grants: Arc::from([grant]) })
    }

    /// Returns the body of a successful GET, perhaps with a token.
    ///
    /// # Errors
    /// [`OidcError::Provider`]
    pub(crate) async fn get(&self, url: &str, token: Option<&str>) -> Result<Bytes, OidcError> {
        let credential = token.map(|token| format!("Bearer {token}"));
        let (status, body) = self.send(Method::GET, url, credential, Bytes::new()).await?;
        if status == StatusCode::OK {
            Ok(body)
        } else {
            Err(OidcError::provider(format!("{url} answered {status}")))
        }
    }

    /// Sends a form, and returns the status and the body.
    ///
    /// # Errors
    /// [`OidcError::Provider`]
    pub(crate) async fn post(
        &self,
        url: &str,
        credential: Option<String>,
        form: String,
    ) -> Result<(StatusCode, Bytes), OidcError> {
        self.send(Method::POST, url, credential, form.into()).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        credential: Option<String>,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), OidcError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        if let Some(credential) = credential {
            let mut value = HeaderValue::try_from(credential)
                .map_err(|_| OidcError::provider("a credential has characters that no header can have"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let outbound = Outbound {
            grants: Arc::clone(&self.grants),
            method,
            headers,
            answer: AnswerLimit::Refuse(LARGEST),
            ..Outbound::post(Arc::new(target(url)?), body, Instant::now() + WITHIN)
        };
        let failed = |error| OidcError::provider(format!("{url}: {error}"));
        let answer = self.courier.send_for_body(outbound).await.map_err(failed)?;
        Ok((answer.status, answer.body))
    }
}

fn target(url: &str) -> Result<Target, OidcError> {
    Target::parse(url).map_err(|error| OidcError::provider(format!("{url:?} is not a usable URL: {error}")))
}
