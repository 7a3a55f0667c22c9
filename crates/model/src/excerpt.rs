//! The beginning of a text from outside, as it may be stored and shown.

/// The most bytes of the excerpt of an answer.
pub const ANSWER_EXCERPT: usize = 1024;

/// Returns the beginning of `bytes` as text of at most `limit` bytes. What is not UTF-8, and control characters but for
/// line breaks and tabs, become U+FFFD. `secrets` are left out.
///
/// ```
/// use footbridge_model::excerpt::excerpt;
///
/// assert_eq!(excerpt(b"no \x1b[31m db: s3cret", &["s3cret"], 64), "no \u{fffd}[31m db: \u{2026}");
/// assert_eq!(excerpt("aé".as_bytes(), &[], 2), "a");
/// ```
pub fn excerpt(bytes: &[u8], secrets: &[&str], limit: usize) -> String {
    // All of it is read, because a secret that begins before the limit may end after it.
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if text.contains(secret) {
            text = text.replace(secret, "\u{2026}");
        }
    }
    let mut shown = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        let c = if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
        if shown.len() + c.len_utf8() > limit {
            break;
        }
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_valid_text_without_secrets() {
        assert_eq!(excerpt(b"", &[""], 9), "");
        assert_eq!(excerpt(b"a\nb\tc\r\0\x7f\xc2\x85", &[], 64), "a\nb\tc\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(excerpt(b"\xff\xfe ok", &[], 64), "\u{fffd}\u{fffd} ok");
        assert_eq!(excerpt("x".repeat(5000).as_bytes(), &[], 1024).len(), 1024);
        assert_eq!(excerpt("é".repeat(700).as_bytes(), &[], 1023).len(), 1022);
        // A secret across the limit leaves nothing of itself.
        assert_eq!(excerpt(b"xxxxxxxxtoken-1", &["token-1"], 10), "xxxxxxxx");
        assert_eq!(excerpt(b"token-1token-1token-1", &["token-1"], 10), "\u{2026}\u{2026}\u{2026}");
    }
}
