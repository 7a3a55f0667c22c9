//! An event as a Socket.IO client gets it: JSON text in ASCII, with the page's token.
//!
//! ASCII, because clients 1.x decode other text wrongly when they poll.

use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::fmt::Write as _;

/// Writes the first message of every socket, as Bolt sends it. It tells the page its token.
pub(crate) fn connected(now: Millis, token: Option<&Secret>) -> String {
    let json = format!(
        r#"{{"body":{{}},"name":"server-connected","publisher":"bolt","time":"{now}","dispatchTime":"{now}"}}"#
    );
    with_token(json.as_bytes(), token)
}

/// Writes an event with the page's token. Bolt's page scripts ignore events that carry another token.
pub(crate) fn with_token(json: &[u8], token: Option<&Secret>) -> String {
    let json = String::from_utf8_lossy(json);
    let mut text = String::with_capacity(json.len() + 64);
    let extended = token.and_then(|token| {
        let open = json.strip_suffix('}')?;
        Some(format!("{open},\"token\":{}}}", serde_json::to_string(token.expose()).ok()?))
    });
    write_ascii(extended.as_deref().unwrap_or(&json), &mut text);
    text
}

/// Escapes everything outside ASCII. In JSON that occurs only within strings, where escapes are allowed.
fn write_ascii(json: &str, out: &mut String) {
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` never fails.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_ascii_and_carries_the_token_of_the_page() {
        let json = "{\"body\":\"é😀\\n\",\"name\":\"ü\"}";
        let plain = with_token(json.as_bytes(), None);
        assert_eq!(plain, r#"{"body":"\u00e9\ud83d\ude00\n","name":"\u00fc"}"#);
        let with: serde_json::Value =
            serde_json::from_str(&with_token(json.as_bytes(), Some(&Secret::new("t\"")))).unwrap();
        assert_eq!(with, serde_json::json!({"body": "é😀\n", "name": "ü", "token": "t\""}));
        let first: serde_json::Value =
            serde_json::from_str(&connected(Millis(0), Some(&Secret::new("t")))).unwrap();
        assert_eq!((&first["name"], &first["token"]), (&"server-connected".into(), &"t".into()));
    }
}
