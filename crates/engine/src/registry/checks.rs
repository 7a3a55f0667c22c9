//! Checks of an app's settings.

use super::error::ChangeError;
use footbridge_courier::{Roots, Target, TargetError};
use footbridge_model::secret::Secret;
use footbridge_model::signature::Signer;
use std::path::Path;

pub(super) fn check_secrets(
    token: &Secret,
    secret_key: &Secret,
    signing_secret: &Secret,
) -> Result<(), ChangeError> {
    for (member, secret) in [("token", token), ("secret_key", secret_key)] {
        let text = secret.expose();
        if !(1..=512).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ChangeError::invalid(member, "must be 1 to 512 visible ASCII characters"));
        }
    }
    let signer = Signer::new(signing_secret).map(drop);
    signer.map_err(|error| ChangeError::invalid("signing_secret", error.to_string()))
}

pub(super) fn check_url(
    member: &'static str,
    url: Option<&str>,
    rule: fn(&str) -> Result<Target, TargetError>,
) -> Result<(), ChangeError> {
    let advice = |error: TargetError| format!("{error}; write one such as \"https://app.example/events\"");
    let checked = url.map(rule).transpose().map(drop);
    checked.map_err(|error| ChangeError::invalid(member, advice(error)))
}

/// Checks that `prefix` is one HTTP token (RFC 9110, section 5.6.2) of at most 64 bytes.
pub(super) fn check_prefix(prefix: &str) -> Result<(), ChangeError> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(token) {
        return Err(ChangeError::invalid("token_prefix", "must be one word such as `Token`"));
    }
    Ok(())
}

/// Checks that `path` is a readable file of certificate authorities.
pub(super) fn check_ca_file(path: &str) -> Result<(), ChangeError> {
    let invalid = |why: String| ChangeError::invalid("ca_file", why);
    if !Path::new(path).is_absolute() {
        return Err(invalid("must be the absolute path of a file on the server's machine".to_owned()));
    }
    Roots::read(Path::new(path)).map(drop).map_err(|error| invalid(error.to_string()))
}
