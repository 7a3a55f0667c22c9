//! The cursor as a page sees it: an opaque token, which the page returns to resume.
//!
//! A token carries a version, so that its content can change: 9 bytes in URL-safe base64, the version and the number of the
//! event id. Pages must not read it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_model::id::EventId;
use std::fmt;
use std::str::FromStr;

/// The version of tokens that hold an event id.
const VERSION: u8 = 1;
/// Bytes of a token of this version.
const LENGTH: usize = 9;

/// A position in the stream of an app: every event up to this id was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CursorToken(pub(super) EventId);

/// A text that is not a token of a known version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownCursor;

impl fmt::Display for CursorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [VERSION; LENGTH];
        if let Some(number) = bytes.last_chunk_mut() {
            *number = self.0.number().to_be_bytes();
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for CursorToken {
    type Err = UnknownCursor;

    fn from_str(text: &str) -> Result<Self, UnknownCursor> {
        // Servers before tokens sent the event id itself.
        if let Ok(id) = text.parse() {
            return Ok(Self(id));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| UnknownCursor)?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| UnknownCursor)?;
        let [VERSION, number @ ..] = bytes else { return Err(UnknownCursor) };
        // A number that no event has is refused by the parser of ids.
        let id = EventId::from_number(u64::from_be_bytes(number));
        id.to_string().parse().map(Self).map_err(|_| UnknownCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_short_url_safe_and_not_the_id() {
        for number in [1, 7_777_777_777, (1 << 63) - 1] {
            let token = CursorToken(EventId::from_number(number));
            let text = token.to_string();
            assert_eq!(text.len(), 12);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(text.parse(), Ok(token));
        }
    }

    #[test]
    fn event_ids_of_older_servers_are_understood_and_unknown_tokens_are_not() {
        let id = EventId::from_number(42);
        assert_eq!(id.to_string().parse(), Ok(CursorToken(id)));
        let with_version =
            |version: u8| URL_SAFE_NO_PAD.encode([&[version][..], &42_u64.to_be_bytes()].concat());
        assert_eq!(with_version(VERSION).parse(), Ok(CursorToken(id)));
        let too_large = URL_SAFE_NO_PAD.encode([VERSION, 255, 0, 0, 0, 0, 0, 0, 0]);
        for text in
            [with_version(2), too_large, "AQ".into(), "junk".into(), "evt_x".into(), "AQAAAAAAAAA=".into()]
        {
            assert_eq!(text.parse::<CursorToken>(), Err(UnknownCursor), "{text}");
        }
    }
}
