//! Terms about members of a body.

use super::glob::Glob;
use crate::json::string;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// The member of an object with this name.
    Member(String),
    /// The element of an array at this place; the first is 0.
    Element(usize),
}

/// A test of one member of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyTest {
    pub(super) path: Vec<Segment>,
    /// The value as it was written.
    pub(super) value: Glob,
    /// True if the value was written in quotes: then it matches texts only.
    pub(super) quoted: bool,
}

impl BodyTest {
    /// Returns true if the body has that member with that value.
    pub fn matches(&self, body: &[u8]) -> bool {
        let mut parser = serde_json::Deserializer::from_slice(body);
        Seek { path: &self.path, test: self }.deserialize(&mut parser).unwrap_or(false)
    }

    fn is(&self, value: &RawValue) -> bool {
        let raw = value.get();
        match raw.bytes().next() {
            Some(b'"') => string(value).is_some_and(|text| self.value.matches(&text)),
            Some(b'{' | b'[') | None => false,
            _ if self.quoted => false,
            Some(b't' | b'f' | b'n') => self.value.to_string() == raw,
            Some(_) => same_number(&self.value.to_string(), raw),
        }
    }
}

/// Compares numbers by value: integers exactly, others as double-precision numbers.
fn same_number(wanted: &str, found: &str) -> bool {
    if wanted == found {
        return true;
    }
    match (wanted.parse::<i128>(), found.parse::<i128>()) {
        (Ok(wanted), Ok(found)) => wanted == found,
        _ => match (number(wanted), number(found)) {
            (Some(wanted), Some(found)) => {
                wanted.total_cmp(&found).is_eq() || (wanted == 0.0 && found == 0.0)
            }
            _ => false,
        },
    }
}

/// Reads a number as JSON writes it. Rust would also read `inf` and `nan`.
fn number(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok()
}

/// Follows a path in one pass over the text, and tests the value at its end.
struct Seek<'q> {
    path: &'q [Segment],
    test: &'q BodyTest,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        if self.path.is_empty() {
            return <&RawValue>::deserialize(deserializer).map(|value| self.test.is(value));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(MemberName(key)) = map.next_key()? {
            match self.path {
                // Of two members of one name the last one counts, as in JavaScript.
                [Segment::Member(name), rest @ ..] if *name == key => {
                    found = map.next_value_seed(Seek { path: rest, test: self.test })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let (mut found, mut place) = (false, 0);
        loop {
            let more = match self.path {
                [Segment::Element(wanted), rest @ ..] if *wanted == place => {
                    let element = seq.next_element_seed(Seek { path: rest, test: self.test })?;
                    found = element.unwrap_or(false);
                    element.is_some()
                }
                _ => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(found);
            }
            place += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

struct MemberName<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for MemberName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = MemberName<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<MemberName<'de>, E> {
                Ok(MemberName(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<MemberName<'de>, E> {
                Ok(MemberName(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use crate::query::Query;

    #[test]
    fn members_are_found_by_their_path_and_compared_by_value() {
        let body = r#"{"order": {"id": 42, "price": 1.50, "big": 12345678901234567890123, "paid": true, "note": null,
            "text": "Grün \"x\"", "number": "42", "odd key": {"a.b": [1, ["deep"]]}}, "twice": 1, "twice": 2, "e": 1e2}"#;
        for (query, expected) in [
            ("body.order.id:42", true),
            ("body.order.id:42.0", true),
            ("body.order.id:43", false),
            ("body.order.id:\"42\"", false),
            ("body.order.number:42", true),
            ("body.order.number:\"42\"", true),
            ("body.order.price:1.5", true),
            ("body.e:100", true),
            ("body.order.big:12345678901234567890123", true),
            ("body.order.big:12345678901234567890124", false),
            ("body.order.paid:true", true),
            ("body.order.paid:false", false),
            ("body.order.note:null", true),
            ("body.order.missing:null", false),
            ("body.order.text:Gr*", true),
            ("body.order.text:\"Grün \\\"x\\\"\"", true),
            ("body.order.text:grün*", false),
            ("body.order[\"odd key\"][\"a.b\"][1][0]:deep", true),
            ("body.order[\"odd key\"][\"a.b\"][7]:deep", false),
            ("body.order[0]:deep", false),
            ("body.order.id.x:1", false),
            ("body.order:*", false),
            ("body.twice:2", true),
            ("body.twice:1", false),
            ("body.order.id:inf", false),
        ] {
            let query_parsed = Query::parse(query).unwrap();
            let test = query_parsed.body_tests().next().unwrap();
            assert_eq!(test.matches(body.as_bytes()), expected, "{query}");
        }
        let whole = Query::parse("body:\"a b\"").unwrap();
        assert!(
            whole
                .body_tests()
                .all(|test| test.matches(b"\"a b\"") && !test.matches(b"{}") && !test.matches(b""))
        );
    }
}
