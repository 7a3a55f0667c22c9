//! The rules for every JSON request: UTF-8 without a byte order mark, at most 64 levels deep, and no known member twice.
//! Values stay the sender's bytes; nothing is rebuilt.

use crate::words;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The deepest nesting a request may have; its outermost object counts as one level.
pub const MAX_DEPTH: usize = 64;

/// The reason why a request body is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The body begins with U+FEFF.
    #[error("the body begins with a byte order mark; send UTF-8 without one")]
    ByteOrderMark,
    /// The body is not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// The body nests deeper than [`MAX_DEPTH`].
    #[error("the body nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    Syntax(String),
    /// The body is JSON, but not an object.
    #[error("the body must be a JSON object")]
    NotObject,
    /// A known member is given twice.
    #[error("the member `{0}` is given twice")]
    Duplicate(&'static str),
    /// A member is not known.
    #[error("`{}` {}", words::shown(.name), words::unknown(.name, .known))]
    Unknown {
        /// The name of the member.
        name: String,
        /// The members that are known.
        known: Vec<&'static str>,
    },
}

/// Checks encoding and depth. For nearly every body, counting opening brackets is enough; only the others need a scan that
/// knows about strings.
///
/// # Errors
/// [`JsonError::ByteOrderMark`], [`JsonError::NotUtf8`] or [`JsonError::TooDeep`].
pub fn check_text(bytes: &[u8]) -> Result<&str, JsonError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    // Counted in bytes per chunk, so that the compiler vectorises the loop.
    let in_chunk = |chunk: &[u8]| chunk.iter().map(|b| u8::from(matches!(b, b'{' | b'['))).sum::<u8>();
    let openers: usize = bytes.chunks(128).map(|chunk| usize::from(in_chunk(chunk))).sum();
    if openers > MAX_DEPTH && depth(bytes) > MAX_DEPTH {
        return Err(JsonError::TooDeep);
    }
    Ok(text)
}

fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                now += 1;
                deepest = deepest.max(now);
            }
            (false, b'}' | b']') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The members of a JSON object.
#[derive(Debug)]
pub struct Found<'a, const N: usize> {
    /// The members that were asked for, as the sender wrote them.
    pub members: [Option<&'a RawValue>; N],
    /// The name of the first other member, if there is one.
    pub other: Option<String>,
}

/// Finds the members of a JSON object that `names` lists, and the first other one.
///
/// # Errors
/// Any [`JsonError`] but [`JsonError::Unknown`].
pub fn find<'a, const N: usize>(
    bytes: &'a [u8],
    names: &[&'static str; N],
) -> Result<Found<'a, N>, JsonError> {
    let text = check_text(bytes)?;
    let mut duplicate = None;
    let visitor = Members { names, duplicate: &mut duplicate };
    let mut parser = serde_json::Deserializer::from_str(text);
    // The depth was checked above; the parser's own limit of 128 counts differently.
    let parsed = (&mut parser).deserialize_map(visitor).and_then(|found| parser.end().map(|()| found));
    match (parsed, duplicate) {
        (_, Some(name)) => Err(JsonError::Duplicate(name)),
        (Ok(found), None) => Ok(found),
        (Err(_), None) if is_other_json(text) => Err(JsonError::NotObject),
        (Err(error), None) => Err(JsonError::Syntax(error.to_string())),
    }
}

/// Finds the members of a JSON object that `names` lists, and ignores all others.
///
/// ```
/// use footbridge_model::json::members;
///
/// let [price] = members(br#"{"price": 1.50, "more": []}"#, &["price"]).unwrap();
/// assert_eq!(price.map(|value| value.get()), Some("1.50"));
/// ```
///
/// # Errors
/// Any [`JsonError`] but [`JsonError::Unknown`].
pub fn members<'a, const N: usize>(
    bytes: &'a [u8],
    names: &[&'static str; N],
) -> Result<[Option<&'a RawValue>; N], JsonError> {
    find(bytes, names).map(|found| found.members)
}

/// Finds the members of a JSON object that `names` lists, and refuses all others.
///
/// # Errors
/// Any [`JsonError`].
pub fn only<'a, const N: usize>(
    bytes: &'a [u8],
    names: &[&'static str; N],
) -> Result<[Option<&'a RawValue>; N], JsonError> {
    let Found { members, other } = find(bytes, names)?;
    match other {
        None => Ok(members),
        Some(name) => Err(JsonError::Unknown { name, known: names.to_vec() }),
    }
}

fn is_other_json(text: &str) -> bool {
    !text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

struct Members<'n, 'd, const N: usize> {
    names: &'n [&'static str; N],
    duplicate: &'d mut Option<&'static str>,
}

impl<'a, const N: usize> Visitor<'a> for Members<'_, '_, N> {
    type Value = Found<'a, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut other) = ([None; N], None);
        while let Some(Key(key)) = map.next_key()? {
            let known = self.names.iter().zip(found.iter_mut()).find(|(name, _)| **name == key);
            match known {
                None => {
                    map.next_value::<IgnoredAny>()?;
                    other.get_or_insert_with(|| key.into_owned());
                }
                Some((name, place)) => {
                    if place.replace(map.next_value()?).is_some() {
                        *self.duplicate = Some(name);
                    }
                }
            }
        }
        Ok(Found { members: found, other })
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Key<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'a> Visitor<'a> for KeyVisitor {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The text of a JSON string; `None` for any other JSON value.
pub fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Key<'_>>(value.get()).ok().map(|key| key.0)
}

/// Checks that `bytes` are one JSON text of any kind, at most [`MAX_DEPTH`] levels deep.
///
/// # Errors
/// The errors of [`check_text`], or [`JsonError::Syntax`].
pub fn check(bytes: &[u8]) -> Result<(), JsonError> {
    let text = check_text(bytes)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let parsed = <&RawValue>::deserialize(&mut parser).and_then(|_| parser.end());
    parsed.map_err(|error| JsonError::Syntax(error.to_string()))
}

/// The members of an object in the sender's order, including duplicates.
#[derive(Debug)]
pub struct Pairs<K, V>(pub Vec<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<K, V> {
            type Value = Pairs<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<K, V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_the_senders_bytes() {
        let body = br#" {"a": 12345678901234567890123 , "b":{"x":1,"x":2}, "zz":[1], "\u0061b": 1} "#;
        let [a, b, c] = members(body, &["a", "b", "c"]).unwrap();
        assert_eq!(a.map(RawValue::get), Some("12345678901234567890123"));
        assert_eq!(b.map(RawValue::get), Some(r#"{"x":1,"x":2}"#));
        assert!(c.is_none());
    }

    #[test]
    fn every_refusal_has_its_own_error() {
        let of = |body: &[u8]| members(body, &["a"]).unwrap_err();
        assert_eq!(of(b"\xef\xbb\xbf{}"), JsonError::ByteOrderMark);
        assert_eq!(of(b"{\"a\":\"\xff\"}"), JsonError::NotUtf8);
        assert_eq!(of(br#"{"a":1,"a":2}"#), JsonError::Duplicate("a"));
        assert_eq!(of(br#"{"a":1,"\u0061":2}"#), JsonError::Duplicate("a"));
        assert_eq!(of(b"[1]"), JsonError::NotObject);
        assert_eq!(of(b"null"), JsonError::NotObject);
        for bad in [&b""[..], b"{", b"{}x", b"{\"a\":01}", b"[", b"nul", b"{\"b\":\"\\ud800\"", b"{'a':1}"] {
            assert!(matches!(of(bad), JsonError::Syntax(_)), "{bad:?}");
        }
    }

    #[test]
    fn an_unknown_member_is_named() {
        let error = only(br#"{"body":1,"\u0042ody":2}"#, &["body", "headers"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`Body` is not known here; did you mean `body`? Known are `body`, `headers`"
        );
        assert!(only(br#"{"headers":{}}"#, &["body", "headers"]).is_ok());
        assert!(members(br#"{"more":{}}"#, &["body", "headers"]).is_ok());
    }

    #[test]
    fn any_json_is_json_unless_it_is_too_deep() {
        for good in [&b"1"[..], b" null ", b"\"x\"", b"[1,{}]"] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(check(nested(64).as_bytes()), Ok(()));
        assert_eq!(check(nested(65).as_bytes()), Err(JsonError::TooDeep));
        for bad in [&b""[..], b"1 2", b"<html>", b"\xff", b"\xef\xbb\xbf1"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        let nested =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(members(nested(64).as_bytes(), &["a"]).is_ok());
        assert_eq!(members(nested(65).as_bytes(), &["a"]).unwrap_err(), JsonError::TooDeep);
        let flat = format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(200), "{".repeat(200));
        assert!(members(flat.as_bytes(), &["a"]).is_ok());
        let wide = format!("{{\"a\":[{}[]]}}", "[],".repeat(500));
        assert!(members(wide.as_bytes(), &["a"]).is_ok());
        let deep = "[".repeat(100_000);
        assert_eq!(members(deep.as_bytes(), &["a"]).unwrap_err(), JsonError::TooDeep);
    }
}
