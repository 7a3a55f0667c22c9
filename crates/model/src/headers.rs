//! Headers a publisher may send along with an event.

use http::header::{HeaderName, HeaderValue};

/// The most headers one event may carry.
pub const MAX_HEADERS: usize = 20;
/// The longest value, in bytes.
pub const MAX_VALUE: usize = 4096;

/// Why a publisher's header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// More than [`MAX_HEADERS`].
    #[error("an event carries at most {MAX_HEADERS} headers")]
    TooMany,
    /// Not an `x-…` name, or one that is reserved.
    #[error("the header `{0}` is not allowed: only `x-*` names, and none of X-Bolt-App-Token, X-Forwarded-*")]
    Name(String),
    /// Line breaks, other control characters, non-ASCII or too long.
    #[error("the value of the header `{0}` must be at most {MAX_VALUE} visible ASCII characters and spaces")]
    Value(String),
    /// The same name twice, whatever the case.
    #[error("the header `{0}` is given twice")]
    Twice(String),
}

/// A publisher's headers, checked; names lower-cased, in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishHeaders(Vec<(HeaderName, HeaderValue)>);

impl PublishHeaders {
    /// Checks every name and value.
    ///
    /// # Errors
    /// [`BadHeader`] naming the first that is refused.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadHeader> {
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = check(name, value)?;
            if headers.iter().any(|(known, _)| *known == name) {
                return Err(BadHeader::Twice(name.to_string()));
            }
            if headers.len() == MAX_HEADERS {
                return Err(BadHeader::TooMany);
            }
            headers.push((name, value));
        }
        Ok(Self(headers))
    }

    /// The headers in order.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values as text, for a journal.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap_or_default().to_owned())).collect()
    }
}

fn check(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), BadHeader> {
    let refused = || BadHeader::Name(name.chars().take(80).filter(|c| !c.is_control()).collect());
    let lower = name.to_ascii_lowercase();
    let reserved = lower == "x-bolt-app-token" || lower.starts_with("x-forwarded-");
    if !lower.starts_with("x-") || lower.len() < 3 || reserved {
        return Err(refused());
    }
    let parsed = HeaderName::from_bytes(lower.as_bytes()).map_err(|_| refused())?;
    let plain = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if !plain || value.len() > MAX_VALUE {
        return Err(BadHeader::Value(lower));
    }
    let value = HeaderValue::from_str(value).map_err(|_| BadHeader::Value(lower))?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_x_names_that_are_not_reserved() {
        let ok = PublishHeaders::parse([("X-Bolt-User-Name", "frank"), ("x-trace", "a b")]).unwrap();
        assert_eq!(
            ok.pairs(),
            [("x-bolt-user-name".into(), "frank".into()), ("x-trace".into(), "a b".into())]
        );
        for name in [
            "Host",
            "Authorization",
            "X-Bolt-App-Token",
            "x-forwarded-for",
            "webhook-id",
            "x-",
            "x-a b",
            "x-\r\ny",
            "",
            "footbridge-attempt",
        ] {
            assert!(matches!(PublishHeaders::parse([(name, "v")]), Err(BadHeader::Name(_))), "{name}");
        }
        for value in ["a\r\nb", "a\tb", "é", "\0"] {
            assert!(matches!(PublishHeaders::parse([("x-a", value)]), Err(BadHeader::Value(_))), "{value:?}");
        }
        assert!(matches!(PublishHeaders::parse([("x-a", "1"), ("X-A", "2")]), Err(BadHeader::Twice(_))));
    }
}
