//! The claims of an ID token: the checks of `OpenID Connect` Core §3.1.3.7, and the user that they describe.

use crate::error::OidcError;
use crate::settings::OidcSettings;
use footbridge_model::people::RoleName;
use footbridge_model::time::Millis;
use serde_json::{Map, Value};

/// How far the clocks of provider and server may differ, in seconds.
const LEEWAY: i64 = 60;
/// The longest id of a user, in bytes.
const SUBJECT_MAX: usize = 255;

/// A user whom the provider has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's id at the provider.
    pub subject: String,
    /// The name that the user has there.
    pub name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// The address for mail, if the provider has verified it.
    pub email: Option<String>,
    /// The role that a rule gives.
    pub role: RoleName,
    /// The names of the claims that the provider sent, without their values.
    pub claims: Vec<String>,
}

/// Checks the claims of a token whose signature is right.
///
/// # Errors
/// [`OidcError::Token`]
pub(crate) fn check(
    claims: &Map<String, Value>,
    settings: &OidcSettings,
    nonce: &str,
    now: Millis,
) -> Result<(), OidcError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    if text("iss") != Some(&settings.issuer) {
        return Err(OidcError::token("it is of another issuer than `[oidc] issuer`"));
    }
    let own = |value: &Value| value.as_str() == Some(&settings.client_id);
    let (for_us, for_others) = match claims.get("aud") {
        Some(Value::Array(all)) => (all.iter().any(own), all.len() > 1),
        Some(one) => (own(one), false),
        None => (false, false),
    };
    if !for_us {
        return Err(OidcError::token("it is for another client than `[oidc] client_id`"));
    }
    let party = text("azp");
    if for_others && party.is_none() || party.is_some_and(|party| party != settings.client_id) {
        return Err(OidcError::token("it was requested by another client"));
    }
    let seconds = |at: f64| at.is_finite().then_some(at);
    #[expect(clippy::cast_precision_loss, reason = "seconds of this era are exact in 53 bits")]
    let (now, leeway) = (now.seconds() as f64, LEEWAY as f64);
    if number("exp").and_then(seconds).is_none_or(|exp| exp + leeway <= now) {
        return Err(OidcError::token("it has expired; check the clocks of the server and the provider"));
    }
    if number("iat").and_then(seconds).is_none_or(|iat| iat - leeway > now) {
        return Err(OidcError::token(
            "it is from the future; check the clocks of the server and the provider",
        ));
    }
    if text("nonce") != Some(nonce) {
        return Err(OidcError::token("it is of another sign-in"));
    }
    match text("sub") {
        Some(subject) if !subject.is_empty() && subject.len() <= SUBJECT_MAX => Ok(()),
        _ => Err(OidcError::token("it does not name a user")),
    }
}

/// Returns the user that checked claims describe.
///
/// # Errors
/// [`OidcError::NoRole`]
pub(crate) fn identity(claims: &Map<String, Value>, settings: &OidcSettings) -> Result<Identity, OidcError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let verified = claims.get("email_verified").is_none_or(|verified| verified == &Value::Bool(true));
    Ok(Identity {
        subject: text("sub").unwrap_or_default(),
        name: text("preferred_username"),
        display_name: text("name"),
        email: text("email").filter(|_| verified),
        role: crate::roles::role(&settings.roles, &settings.claim, claims)?,
        claims: claims.keys().cloned().collect(),
    })
}
