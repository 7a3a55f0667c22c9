//! The requests of tests: what a delivery or an exchange would send, marked as a test.

use super::mask::Mask;
use super::test_attempt::TestRequest;
use super::verdict::TestedAs;
use crate::dispatch::TestEndpoint;
use crate::registry::{AppEntry, ChangeError, HookEntry};
use crate::test_mark::{IS_TEST, TEST};
use bytes::Bytes;
use footbridge_model::envelope::{self, Addressee};
use footbridge_model::event::Event;
use footbridge_model::id::{DeliveryId, ExchangeId};
use footbridge_model::run::RUN_SECRET;
use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// The reason why a test was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    /// The app or the hook does not exist.
    #[error(transparent)]
    Registry(#[from] ChangeError),
    /// There is nothing that a request could be sent to.
    #[error("this cannot be tested: {0}")]
    NotTestable(String),
    /// The server is shutting down.
    #[error("the server is shutting down; nothing was sent")]
    Draining,
}

/// A hook to test, with what is sent to it.
pub(crate) struct HookTest<'a> {
    pub(crate) hook: &'a HookEntry,
    pub(crate) app: &'a AppEntry,
    pub(crate) event: &'a Event,
    pub(crate) delivery: DeliveryId,
    pub(crate) endpoint: TestEndpoint,
    pub(crate) public_url: &'a str,
    pub(crate) timeout: Duration,
}

/// Returns the request that a first attempt of a delivery would send to a hook.
///
/// # Errors
/// [`TestError::NotTestable`] if a value cannot be sent in a header.
pub(crate) fn hook_request(test: HookTest<'_>, now: Millis) -> Result<TestRequest, TestError> {
    let HookTest { hook, app, event, delivery, endpoint, public_url, timeout } = test;
    let token = endpoint.token.as_ref().map_or_else(|| app.token(now), Secret::expose);
    let body = envelope::write(event, now, Addressee { kind: hook.hook.kind, token, public_url });
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(TEST, IS_TEST);
    app.sign(&mut headers, &event.id.text(), &body, now).ok_or_else(unsendable)?;
    let mut insert = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
        headers.insert(HeaderName::from_static(name), value);
        Ok::<_, TestError>(())
    };
    insert("footbridge-delivery-id", &delivery.text())?;
    insert("footbridge-attempt", "1")?;
    if let Some(router) = &endpoint.router {
        insert("footbridge-router", router)?;
    }
    if let Some(secret) = &endpoint.run_secret {
        insert(RUN_SECRET, secret.expose())?;
    }
    let mask = Mask::of(app, endpoint.token.into_iter().chain(endpoint.run_secret));
    Ok(TestRequest {
        target: endpoint.target,
        app: Arc::clone(&app.label),
        grants: endpoint.grants,
        roots: app.roots.clone(),
        headers,
        body,
        timeout,
        mask,
        judge: TestedAs::Hook,
    })
}

/// Returns the request that an exchange would send to the receiver of an app.
///
/// # Errors
/// [`TestError::NotTestable`] if the app has no receiver, or a value cannot be sent in a header.
pub(crate) fn receiver_request(
    app: &AppEntry,
    id: ExchangeId,
    body: Bytes,
    timeout: Duration,
    now: Millis,
) -> Result<TestRequest, TestError> {
    let none = || TestError::NotTestable("the app has no `receiver_url`".to_owned());
    let target = Arc::clone(app.receiver.as_ref().ok_or_else(none)?);
    let id = id.text();
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(AUTHORIZATION, app.authorization(now).ok_or_else(unsendable)?.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(TEST, IS_TEST);
    let value = HeaderValue::from_str(&id).map_err(|_| unsendable())?;
    headers.insert(HeaderName::from_static("footbridge-exchange-id"), value);
    app.sign(&mut headers, &id, &body, now).ok_or_else(unsendable)?;
    Ok(TestRequest {
        target,
        app: Arc::clone(&app.label),
        grants: Arc::clone(&app.grants),
        roots: app.roots.clone(),
        headers,
        body,
        timeout,
        mask: Mask::of(app, None),
        judge: TestedAs::Exchanges,
    })
}

fn unsendable() -> TestError {
    TestError::NotTestable("the app's credentials cannot be sent in a header".to_owned())
}
