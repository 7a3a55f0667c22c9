//! Who may say which header, and the headers a publisher may send along with an event.
//!
//! Programs behind CGI, WSGI and the like read `_` in a name as `-`. So it counts as one wherever a name is
//! judged: for what is published, for what comes in under `/x/` and for what is sent.

use http::header::{HeaderName, HeaderValue};

/// What begins like this is said by the server, to nobody but the app, or not at all.
const OURS: [&str; 3] = ["x-bolt-", "webhook-", "footbridge-"];

/// What a proxy tells the program behind it: where a request comes from, and what it was before. Frameworks act on
/// these without asking who wrote them.
const OF_A_PROXY: [&str; 14] = [
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
    // CGI makes it `HTTP_PROXY`, which libraries take for the proxy to use.
    "proxy",
];

/// The same, for names that begin like this.
const OF_A_PROXY_BEGIN: [&str; 2] = ["x-forwarded-", "x-original-"];

/// What proves an app.
const APP_TOKEN: &str = "x-bolt-app-token";

fn same_letter(a: u8, b: u8) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    plain(a) == plain(b)
}

/// Whether two names are one to a reader that takes `_` for `-`.
pub fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| same_letter(a, b))
}

fn begins(name: &str, begin: &str) -> bool {
    name.len() >= begin.len() && name.bytes().zip(begin.bytes()).all(|(a, b)| same_letter(a, b))
}

/// Whether only this server says it to an app: its own words, and what a proxy tells the program behind it.
pub fn is_servers(name: &str) -> bool {
    OURS.into_iter().any(|ours| begins(name, ours)) || is_of_a_proxy(name)
}

fn is_of_a_proxy(name: &str) -> bool {
    OF_A_PROXY.into_iter().any(|known| is_same(name, known))
        || OF_A_PROXY_BEGIN.into_iter().any(|begin| begins(name, begin))
}

/// Whether a publisher may send it along: `x-*`, but neither what proves an app nor what a proxy says.
fn is_publishers(name: &str) -> bool {
    name.starts_with("x-") && name.len() > 2 && !is_same(name, APP_TOKEN) && !is_of_a_proxy(name)
}

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
    #[error(
        "the header `{0}` is not allowed: only `x-*` names, and none of X-Bolt-App-Token, X-Forwarded-*, X-Real-IP, X-Original-*, X-HTTP-Method-Override and their like (`_` counts as `-`)"
    )]
    Name(String),
    /// Line breaks, other control characters, non-ASCII or too long.
    #[error("the value of the header `{0}` must be at most {MAX_VALUE} visible ASCII characters and spaces")]
    Value(String),
    /// The same name twice, whatever the case; `_` counts as `-`.
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

    /// Those that a journal kept: what was allowed when they were published and is not today is left out.
    pub fn kept<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().filter_map(|(name, value)| check(name, value).ok()).collect())
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
    fn what_an_older_version_kept_is_read_without_what_is_refused_today() {
        let kept = PublishHeaders::kept([("x-a", "1"), ("x-real-ip", "10.0.0.1"), ("x-bolt-user-name", "u")]);
        assert_eq!(kept.pairs(), [("x-a".into(), "1".into()), ("x-bolt-user-name".into(), "u".into())]);
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
