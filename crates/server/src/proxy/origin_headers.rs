//! Headers that apply to a whole origin. Apps share the origin with each other and with the server, and browsers remember
//! these headers after the app is gone, so an app may only set them for its own paths.

use crate::page::worker_removal::SCOPE;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Response headers that a browser applies to the whole origin, or to the host on every port.
const ORIGIN_WIDE: [&str; 19] = [
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

/// Removes origin-wide headers from an app's answer and limits the scope of service workers to paths below `own`, which has
/// no slash at the end.
pub(super) fn limit_to_prefix(headers: &mut HeaderMap, own: &str) {
    for name in ORIGIN_WIDE {
        headers.remove(name);
    }
    let ours: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("footbridge-")).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
    if let Some(requested) = headers.remove(SCOPE)
        && let Ok(scope) = HeaderValue::from_str(&scope(requested.to_str().unwrap_or_default(), own))
    {
        headers.insert(SCOPE, scope);
    }
}

/// Maps the scope that an app requests for its service worker to a path below `own`.
fn scope(requested: &str, own: &str) -> String {
    let path = requested.trim();
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
    fn scopes_stay_below_the_prefix() {
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
    fn origin_wide_headers_are_removed() {
        let mut headers = HeaderMap::new();
        for name in ORIGIN_WIDE.into_iter().chain(["footbridge-error", "x-own", "service-worker-allowed"]) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("/"));
        }
        limit_to_prefix(&mut headers, "/x/shop");
        let mut left: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        left.sort_unstable();
        assert_eq!(left, [("service-worker-allowed", "/x/shop/"), ("x-own", "/")]);
    }
}
