//! What an app's answer says for a whole origin. Apps share one with each other and with the server, and what a browser
//! remembers for it outlives the app: so no app says anything for more than its own paths.

use crate::page::farewell::SCOPE;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Answers that a browser takes for all of an origin, or for the host on every port.
const WHOLE_ORIGIN: [&str; 19] = [
    "accept-ch",
    "accept-ch-lifetime",
    "alt-svc",
    "clear-site-data",
    "critical-ch",
    "expect-ct",
    "nel",
    "origin-agent-cluster",
    "public-key-pins",
    "public-key-pins-report-only",
    "report-to",
    "reporting-endpoints",
    "sec-session-registration",
    "secure-session-registration",
    "set-cookie2",
    "set-login",
    "strict-transport-security",
    "use-as-dictionary",
    "x-firefox-spdy",
];

/// Takes out of an app's answer what it says for more than what lies below `own`, a path without a slash at the end.
pub(super) fn keep_within(headers: &mut HeaderMap, own: &str) {
    for name in WHOLE_ORIGIN {
        headers.remove(name);
    }
    let ours: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("footbridge-")).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
    if let Some(asked) = headers.remove(SCOPE)
        && let Ok(scope) = HeaderValue::from_str(&scope(asked.to_str().unwrap_or_default(), own))
    {
        headers.insert(SCOPE, scope);
    }
}

/// How far a service worker may reach that its app wants to reach as far as `asked`: never out of `own`.
fn scope(asked: &str, own: &str) -> String {
    let path = asked.trim();
    let lower = path.to_ascii_lowercase();
    let odd = path.contains('\\') || ["..", "/.", "%2e"].iter().any(|part| lower.contains(part));
    match path.strip_prefix(own) {
        Some(rest) if rest.starts_with('/') && !odd => path.to_owned(),
        _ if path.starts_with('/') && !path.starts_with("//") && !odd => format!("{own}{path}"),
        _ => format!("{own}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_stay_within() {
        for (asked, given) in [
            ("/", "/x/shop/"),
            ("/sub/", "/x/shop/sub/"),
            ("/x/shop/", "/x/shop/"),
            ("/x/shop/sub/", "/x/shop/sub/"),
            ("/x/shop", "/x/shop/x/shop"),
            ("/x/shopping/", "/x/shop/x/shopping/"),
            ("/x/shop/../other/", "/x/shop/"),
            ("/x/shop/%2E%2e/other/", "/x/shop/"),
            ("/x/shop/\\other", "/x/shop/"),
            ("//evil.example/", "/x/shop/"),
            ("http://evil.example/", "/x/shop/"),
            ("../", "/x/shop/"),
            ("", "/x/shop/"),
        ] {
            assert_eq!(scope(asked, "/x/shop"), given, "{asked}");
        }
    }

    #[test]
    fn nothing_is_said_for_the_origin() {
        let mut headers = HeaderMap::new();
        for name in WHOLE_ORIGIN.into_iter().chain(["footbridge-error", "x-own", "service-worker-allowed"]) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("/"));
        }
        keep_within(&mut headers, "/x/shop");
        let mut left: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        left.sort_unstable();
        assert_eq!(left, [("service-worker-allowed", "/x/shop/"), ("x-own", "/")]);
    }
}
