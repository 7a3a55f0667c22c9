//! Percent-decoding of one part of a path or query.

/// The text that `part` stands for; `None` when it is not UTF-8. A `%` that begins no escape stays.
pub(crate) fn decode(part: &str) -> Option<String> {
    let mut bytes = part.bytes();
    let mut out = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let escape = (byte == b'%').then(|| Some(hex(ahead.next()?)? << 4 | hex(ahead.next()?)?)).flatten();
        match escape {
            Some(decoded) => {
                out.push(decoded);
                bytes = ahead;
            }
            None => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (text, decoded) in [
            ("a%2Fb", Some("a/b")),
            ("%C3%a9", Some("é")),
            ("100%", Some("100%")),
            ("%zz", Some("%zz")),
            ("%ff", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
        }
    }
}
