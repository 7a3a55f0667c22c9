//! Parses the body of an exchange request.

use bytes::Bytes;
use footbridge_engine::ExchangeDraft;
use footbridge_model::exchange::{Direction, EVENT_TYPE_MAX};
use footbridge_model::json::{JsonError, members, string};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Members of an exchange request.
pub(crate) const MEMBERS: [&str; 4] = ["app_id", "client_id", "event_type", "payload"];

/// Why a body is not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` must be a non-empty string")]
    NotText(&'static str),
    #[error("`event_type` must be at most {EVENT_TYPE_MAX} characters")]
    TooLong,
}

/// Reads the four members. The payload is a slice of the request.
///
/// # Errors
/// [`ParseError`] names the member.
pub(crate) fn draft(direction: Direction, body: &Bytes) -> Result<ExchangeDraft, ParseError> {
    let [app_id, client_id, event_type, payload] = members(body, &MEMBERS)?;
    let app_id = text("app_id", app_id)?;
    let client_id = text("client_id", client_id)?;
    let event_type = text("event_type", event_type)?;
    if event_type.chars().count() > EVENT_TYPE_MAX {
        return Err(ParseError::TooLong);
    }
    let payload = payload.ok_or(ParseError::Missing("payload"))?.get().as_bytes();
    Ok(ExchangeDraft {
        direction,
        client_id: client_id.into_owned(),
        app_id: app_id.into_owned(),
        event_type: event_type.into_owned(),
        payload: body.slice_ref(payload),
    })
}

fn text<'a>(name: &'static str, value: Option<&'a RawValue>) -> Result<Cow<'a, str>, ParseError> {
    let value = value.ok_or(ParseError::Missing(name))?;
    match string(value) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(ParseError::NotText(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_passed_byte_for_byte() {
        let body = Bytes::from_static(br#"{"payload": {"a" :1.50, "a":2}, "event_type":"x\u0041","client_id":"Host","app_id":"shop","more":1}"#);
        let draft = draft(Direction::ToMiniapp, &body).unwrap();
        assert_eq!(draft.payload, r#"{"a" :1.50, "a":2}"#);
        assert_eq!((draft.event_type.as_str(), draft.client_id.as_str()), ("xA", "Host"));
    }

    #[test]
    fn a_missing_or_wrong_member_is_named() {
        let of = |body: &str| draft(Direction::ToHost, &Bytes::copy_from_slice(body.as_bytes())).unwrap_err();
        assert_eq!(of("{}"), ParseError::Missing("app_id"));
        assert_eq!(
            of(r#"{"app_id":1,"client_id":"a","event_type":"t","payload":1}"#),
            ParseError::NotText("app_id")
        );
        assert_eq!(
            of(r#"{"app_id":"a","client_id":"","event_type":"t","payload":1}"#),
            ParseError::NotText("client_id")
        );
        assert_eq!(of(r#"{"app_id":"a","client_id":"b","event_type":"t"}"#), ParseError::Missing("payload"));
        let long =
            format!(r#"{{"app_id":"a","client_id":"b","event_type":"{}","payload":1}}"#, "é".repeat(129));
        assert_eq!(of(&long), ParseError::TooLong);
        assert!(matches!(of("[]"), ParseError::Json(JsonError::NotObject)));
    }
}
