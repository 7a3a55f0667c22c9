//! Percent-decoding of one segment of a path.

use percent_encoding::percent_decode_str;

/// Decodes `segment`; `None` if the result is not UTF-8. A `%` that begins no escape stays.
pub(crate) fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_what_is_not_utf_8_is_refused() {
        for (text, decoded) in [
            ("a%2Fb", Some("a/b")),
            ("%C3%a9", Some("é")),
            ("100%", Some("100%")),
            ("a+b", Some("a+b")),
            ("%zz", Some("%zz")),
            ("%ff", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
        }
    }
}
