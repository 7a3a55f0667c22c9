//! What a careful receiver looks at before it believes a request.

use footbridge_model::{secret::Secret, signature::Signer, time::Millis};
use http::{HeaderMap, header::AUTHORIZATION};

use super::cast::Player;

/// How far a signature's time may be off, in seconds: five minutes, as Standard Webhooks advises.
const TOLERANCE: u64 = 300;

/// Whether the request comes from the server: its credential is this app's own.
///
/// # Errors
/// In words, for the story.
pub(super) fn credential(player: &Player, headers: &HeaderMap) -> Result<(), String> {
    let given = headers.get(AUTHORIZATION).ok_or("it has no Authorization")?;
    if player.authorization().matches(given.as_bytes()) {
        Ok(())
    } else {
        Err("its Authorization is not the one of this app".to_owned())
    }
}

/// Whether the event carries this app's token, as events on `server` hooks do.
///
/// # Errors
/// In words, for the story.
pub(super) fn token(player: &Player, event: &serde_json::Value) -> Result<(), String> {
    let given = event.get("token").and_then(serde_json::Value::as_str).ok_or("it carries no token")?;
    if player.token.matches(given.as_bytes()) {
        Ok(())
    } else {
        Err("its token is not the one of this app".to_owned())
    }
}

/// Whether the body is signed with this app's signing secret, and lately.
///
/// # Errors
/// In words, for the story.
pub(super) fn signature(
    player: &Player,
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<(), String> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| format!("it has no {name}"))
    };
    let (id, given) = (text("webhook-id")?, text("webhook-signature")?);
    let at: i64 = text("webhook-timestamp")?.parse().map_err(|_| "its webhook-timestamp is no number")?;
    if now.seconds().abs_diff(at) > TOLERANCE {
        return Err("its signature is too old".to_owned());
    }
    let signer = Signer::new(&player.signing_secret).map_err(|error| error.to_string())?;
    let mut expected = String::new();
    signer.sign(id, at, body, &mut expected);
    let expected = Secret::new(expected);
    // During a rotation there are several, with blanks between them.
    if given.split(' ').any(|one| expected.matches(one.as_bytes())) {
        Ok(())
    } else {
        Err("its signature does not fit".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{super::cast::Cast, *};
    use crate::entropy::SystemEntropy;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn signed(player: &Player, body: &[u8]) -> HeaderMap {
        let mut signature = String::new();
        Signer::new(&player.signing_secret).unwrap().sign("evt_1", NOW.seconds(), body, &mut signature);
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_static("evt_1"));
        headers.insert("webhook-timestamp", HeaderValue::from(NOW.seconds()));
        headers.insert("webhook-signature", HeaderValue::from_str(&format!("v1,AAAA {signature}")).unwrap());
        headers
    }

    #[test]
    fn only_the_servers_own_requests_are_believed() {
        let cast = Cast::new(&SystemEntropy);
        let headers = signed(&cast.host, b"{}");
        assert_eq!(signature(&cast.host, &headers, b"{}", NOW), Ok(()));
        assert!(signature(&cast.host, &headers, b"{ }", NOW).is_err());
        assert!(signature(&cast.miniapp, &headers, b"{}", NOW).is_err());
        let later = NOW.plus(std::time::Duration::from_secs(301));
        assert_eq!(signature(&cast.host, &headers, b"{}", later), Err("its signature is too old".to_owned()));
        assert!(signature(&cast.host, &HeaderMap::new(), b"{}", NOW).is_err());
    }

    #[test]
    fn another_apps_credential_is_not_believed() {
        let cast = Cast::new(&SystemEntropy);
        let mut headers = HeaderMap::new();
        assert!(credential(&cast.host, &headers).is_err());
        headers.insert(AUTHORIZATION, HeaderValue::from_str(cast.host.authorization().expose()).unwrap());
        assert_eq!(credential(&cast.host, &headers), Ok(()));
        assert!(credential(&cast.miniapp, &headers).is_err());
        let event = serde_json::json!({ "token": cast.host.token.expose() });
        assert_eq!(token(&cast.host, &event), Ok(()));
        assert!(token(&cast.miniapp, &event).is_err());
        assert!(token(&cast.host, &serde_json::json!({})).is_err());
    }
}
