//! The checks with which a receiver verifies that a request comes from the server.

use footbridge_model::{secret::Secret, signature::Signer, time::Millis};
use http::{HeaderMap, header::AUTHORIZATION};

use super::apps::SampleApp;

/// Largest difference between the time of a signature and the clock, in seconds: five minutes, as Standard Webhooks
/// recommends.
const TOLERANCE: u64 = 300;

/// Checks that the request has the credential of this app, which only the server knows.
///
/// # Errors
/// A message for the output of the demo.
pub(super) fn credential(app: &SampleApp, headers: &HeaderMap) -> Result<(), String> {
    let found = headers.get(AUTHORIZATION).ok_or("it has no Authorization")?;
    if app.authorization().matches(found.as_bytes()) {
        Ok(())
    } else {
        Err("its Authorization is not the one of this app".to_owned())
    }
}

/// Checks that the event contains the token of this app, as events on `server` hooks do.
///
/// # Errors
/// A message for the output of the demo.
pub(super) fn token(app: &SampleApp, event: &serde_json::Value) -> Result<(), String> {
    let found = event.get("token").and_then(serde_json::Value::as_str).ok_or("it carries no token")?;
    if app.token.matches(found.as_bytes()) {
        Ok(())
    } else {
        Err("its token is not the one of this app".to_owned())
    }
}

/// Checks that the body was signed with the signing secret of this app within the last minutes.
///
/// # Errors
/// A message for the output of the demo.
pub(super) fn signature(
    app: &SampleApp,
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<(), String> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| format!("it has no {name}"))
    };
    let (id, signatures) = (text("webhook-id")?, text("webhook-signature")?);
    let at: i64 = text("webhook-timestamp")?.parse().map_err(|_| "its webhook-timestamp is not a number")?;
    if now.seconds().abs_diff(at) > TOLERANCE {
        return Err("its signature is too old".to_owned());
    }
    let signer = Signer::new(&app.signing_secret).map_err(|error| error.to_string())?;
    let mut expected = String::new();
    signer.sign(id, at, body, &mut expected);
    let expected = Secret::new(expected);
    // During a rotation there are several signatures, separated by spaces.
    if signatures.split(' ').any(|one| expected.matches(one.as_bytes())) {
        Ok(())
    } else {
        Err("its signature does not fit".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{super::apps::SampleApps, *};
    use crate::entropy::SystemEntropy;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn signed(app: &SampleApp, body: &[u8]) -> HeaderMap {
        let mut signature = String::new();
        Signer::new(&app.signing_secret).unwrap().sign("evt_1", NOW.seconds(), body, &mut signature);
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
        headers.insert("webhook-timestamp", HeaderValue::from(NOW.seconds()));
        headers.insert("webhook-signature", HeaderValue::from_str(&format!("v1,AAAA {signature}")).unwrap());
        headers
    }

    #[test]
    fn only_signatures_of_the_server_are_accepted() {
        let apps = SampleApps::new(&SystemEntropy);
        let headers = signed(&apps.host, b"{}");
        assert_eq!(signature(&apps.host, &headers, b"{}", NOW), Ok(()));
        assert!(signature(&apps.host, &headers, b"{ }", NOW).is_err());
        assert!(signature(&apps.miniapp, &headers, b"{}", NOW).is_err());
        let later = NOW.plus(std::time::Duration::from_secs(301));
        assert_eq!(signature(&apps.host, &headers, b"{}", later), Err("its signature is too old".to_owned()));
        assert!(signature(&apps.host, &HeaderMap::new(), b"{}", NOW).is_err());
    }

    #[test]
    fn the_credential_of_another_app_is_refused() {
        let apps = SampleApps::new(&SystemEntropy);
        let mut headers = HeaderMap::new();
        assert!(credential(&apps.host, &headers).is_err());
        headers.insert(AUTHORIZATION, HeaderValue::from_str(apps.host.authorization().expose()).unwrap());
        assert_eq!(credential(&apps.host, &headers), Ok(()));
        assert!(credential(&apps.miniapp, &headers).is_err());
        let event = serde_json::json!({ "token": apps.host.token.expose() });
        assert_eq!(token(&apps.host, &event), Ok(()));
        assert!(token(&apps.miniapp, &event).is_err());
        assert!(token(&apps.host, &serde_json::json!({})).is_err());
    }
}
