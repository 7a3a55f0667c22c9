//! Rules about headers: the ones that a publisher may add to an event, and the ones that only the server may send to apps.
//!
//! Programs behind CGI, WSGI and the like read `_` in a name as `-`, so every rule here treats the two as equal.

use crate::trace_state::TraceState;
use http::header::{HeaderName, HeaderValue};

/// Headers with these prefixes are sent by the server only.
const SERVER_PREFIXES: [&str; 3] = ["x-bolt-", "webhook-", "footbridge-"];

/// Headers in which a proxy describes the original request. Frameworks trust them, whoever has sent them.
const PROXY_HEADERS: [&str; 14] = [
    "forwarded",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "x-cluster-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    // CGI turns it into `HTTP_PROXY`, which libraries use as their proxy (httpoxy).
    "proxy",
];

/// Prefixes of such headers.
const PROXY_PREFIXES: [&str; 2] = ["x-forwarded-", "x-original-"];

/// The header with the state of a trace. It is taken from the request, and not from the publisher's headers.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The header that authenticates an app.
const APP_TOKEN: &str = "x-bolt-app-token";

fn same_letter(a: u8, b: u8) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    plain(a) == plain(b)
}

/// Returns true if two header names are equal, without regard to case and with `_` equal to `-`.
pub fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| same_letter(a, b))
}

fn begins(name: &str, prefix: &str) -> bool {
    name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(|(a, b)| same_letter(a, b))
}

/// Returns true if only this server may send the header to an app: its own headers, and those of a proxy.
///
/// ```
/// use footbridge_model::headers::is_servers;
///
/// assert!(is_servers("X_Bolt_App_Token"));
/// assert!(is_servers("x-forwarded-for"));
/// assert!(!is_servers("accept"));
/// ```
pub fn is_servers(name: &str) -> bool {
    SERVER_PREFIXES.into_iter().any(|prefix| begins(name, prefix)) || is_of_a_proxy(name)
}

fn is_of_a_proxy(name: &str) -> bool {
    PROXY_HEADERS.into_iter().any(|known| is_same(name, known))
        || PROXY_PREFIXES.into_iter().any(|prefix| begins(name, prefix))
}

/// Returns true if a publisher may add the header to an event: `x-*`, except the app token and the headers of a proxy.
fn is_publishers(name: &str) -> bool {
    name.starts_with("x-") && name.len() > 2 && !is_same(name, APP_TOKEN) && !is_of_a_proxy(name)
}

/// The largest number of headers of one event.
pub const MAX_HEADERS: usize = 20;
/// The longest value of a header, in bytes.
pub const MAX_VALUE: usize = 4096;

/// The reason why a publisher's header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// There are more than [`MAX_HEADERS`] headers.
    #[error("an event carries at most {MAX_HEADERS} headers")]
    TooMany,
    /// The name does not begin with `x-`, or is reserved.
    #[error(
        "the header `{0}` is not allowed: only `x-*` names, and none of X-Bolt-App-Token, X-Forwarded-*, X-Real-IP, X-Original-*, X-HTTP-Method-Override and their like (`_` counts as `-`)"
    )]
    Name(String),
    /// The value has control or non-ASCII characters, or is too long.
    #[error("the value of the header `{0}` must be at most {MAX_VALUE} visible ASCII characters and spaces")]
    Value(String),
    /// The name is given twice.
    #[error("the header `{0}` is given twice")]
    Twice(String),
}

/// The headers of an event: checked, with lower-case names, in the publisher's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishHeaders(Vec<(HeaderName, HeaderValue)>);

impl PublishHeaders {
    /// Parses names and values.
    ///
    /// # Errors
    /// [`BadHeader`] for the first header that is refused.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadHeader> {
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        for (name, value) in pairs {
            let (name, value) = check(name, value)?;
            if headers.iter().any(|(known, _)| is_same(known.as_str(), name.as_str())) {
                return Err(BadHeader::Twice(name.to_string()));
            }
            if headers.len() == MAX_HEADERS {
                return Err(BadHeader::TooMany);
            }
            headers.push((name, value));
        }
        Ok(Self(headers))
    }

    /// Reads stored headers. Headers that an older version has allowed and this one refuses are left out.
    pub fn from_stored<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let read = |(name, value): (&str, &str)| {
            if name == TRACESTATE.as_str() {
                return TraceState::parse([value]).map(|state| (TRACESTATE, state.value().clone()));
            }
            check(name, value).ok()
        };
        Self(pairs.into_iter().filter_map(read).collect())
    }

    /// Adds the state of the trace that the event belongs to.
    #[must_use]
    pub fn with_trace_state(mut self, state: Option<TraceState>) -> Self {
        self.0.extend(state.map(|state| (TRACESTATE, state.value().clone())));
        self
    }

    /// The state of the trace that the event belongs to.
    pub fn trace_state(&self) -> Option<TraceState> {
        let (_, value) = self.0.iter().find(|(name, _)| *name == TRACESTATE)?;
        TraceState::parse([value.to_str().ok()?])
    }

    /// The headers in order.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.0.iter()
    }

    /// Returns true if there are no headers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and values as text, for storage.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap_or_default().to_owned())).collect()
    }
}

fn check(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), BadHeader> {
    let refused = || BadHeader::Name(name.chars().take(80).filter(|c| !c.is_control()).collect());
    let lower = name.to_ascii_lowercase();
    if !is_publishers(&lower) {
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
            "x-bolt-app_token",
            "x-bolt_app-token",
            "x-forwarded_for",
            "X-Forwarded",
            "X-Real-IP",
            "x-real_ip",
            "X-Original-URL",
            "x-original_host",
            "X-Rewrite-URL",
            "X-HTTP-Method-Override",
            "x-http_method_override",
            "X-Method-Override",
            "X-HTTP-Method",
            "x_trace",
        ] {
            assert!(matches!(PublishHeaders::parse([(name, "v")]), Err(BadHeader::Name(_))), "{name}");
        }
        for value in ["a\r\nb", "a\tb", "é", "\0"] {
            assert!(matches!(PublishHeaders::parse([("x-a", value)]), Err(BadHeader::Value(_))), "{value:?}");
        }
        for twice in ["X-A-B", "x-a_b"] {
            let parsed = PublishHeaders::parse([("x-a-b", "1"), (twice, "2")]);
            assert!(matches!(parsed, Err(BadHeader::Twice(_))), "{twice}");
        }
    }

    #[test]
    fn stored_headers_that_are_refused_today_are_left_out() {
        let stored =
            PublishHeaders::from_stored([("x-a", "1"), ("x-real-ip", "10.0.0.1"), ("x-bolt-user-name", "u")]);
        assert_eq!(stored.pairs(), [("x-a".into(), "1".into()), ("x-bolt-user-name".into(), "u".into())]);
    }

    #[test]
    fn one_rule_however_a_name_is_spelt() {
        for name in
            ["X_Bolt_App_Token", "x-bolt_user-name", "WEBHOOK_ID", "footbridge_caller", "Forwarded", "Proxy"]
        {
            assert!(is_servers(name), "{name}");
        }
        for name in
            ["x-boltless", "webhooks", "x-original", "forwarded-for", "x-real-ips", "accept", "proxy-x"]
        {
            assert!(!is_servers(name), "{name}");
        }
    }
}
