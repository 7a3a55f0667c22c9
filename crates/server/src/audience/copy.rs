//! An event as a socket gets it: a text of JSON in ASCII, with the token of its page.
//!
//! In ASCII because clients 1.x misread anything else when they poll.

use footbridge_model::secret::Secret;
use footbridge_model::time::Millis;
use std::fmt::Write as _;

/// The first message of every socket, as Bolt sends it; it tells the page its token as well.
pub(crate) fn connected(now: Millis, token: Option<&Secret>) -> String {
    let json = format!(
        r#"{{"body":{{}},"name":"server-connected","publisher":"bolt","time":"{now}","dispatchTime":"{now}"}}"#
    );
    of(json.as_bytes(), token)
}

/// The copy of an event. Pages of Bolt's believe only those that carry the token they know.
pub(crate) fn of(json: &[u8], token: Option<&Secret>) -> String {
    let json = String::from_utf8_lossy(json);
    let mut text = String::with_capacity(json.len() + 64);
    let whole = token.and_then(|token| {
        let open = json.strip_suffix('}')?;
        Some(format!("{open},\"token\":{}}}", serde_json::to_string(token.expose()).ok()?))
    });
    ascii(whole.as_deref().unwrap_or(&json), &mut text);
    text
}

/// What is not ASCII stands within strings only, where it may be escaped.
fn ascii(json: &str, out: &mut String) {
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
    fn ascii_with_the_token_of_the_page() {
        let json = "{\"body\":\"é😀\\n\",\"name\":\"ü\"}";
        let plain = of(json.as_bytes(), None);
        assert_eq!(plain, r#"{"body":"\u00e9\ud83d\ude00\n","name":"\u00fc"}"#);
        let with: serde_json::Value =
            serde_json::from_str(&of(json.as_bytes(), Some(&Secret::new("t\"")))).unwrap();
        assert_eq!(with, serde_json::json!({"body": "é😀\n", "name": "ü", "token": "t\""}));
        let first: serde_json::Value =
            serde_json::from_str(&connected(Millis(0), Some(&Secret::new("t")))).unwrap();
        assert_eq!((&first["name"], &first["token"]), (&"server-connected".into(), &"t".into()));
    }
}
