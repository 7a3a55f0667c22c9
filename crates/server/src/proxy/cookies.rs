//! Cookies of apps under `/x/`: a cookie that an app sets reaches only that app, and page cookies reach no app.

use crate::console::is_console_cookie;
use crate::page;
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

/// Browsers accept cookies with this prefix only with `Path=/`, which would send them to all apps.
const HOST_PREFIX: &str = "__Host-";
/// The prefix that replaces it in the browser, so that `Path` limits the cookie to its app. The app does not notice.
const RENAMED_PREFIX: &str = "__Secure-fb_host_";

/// Limits the cookies that an answer sets to this host and to paths below `prefix`, which has no slash at the end.
pub(super) fn limit_to_prefix(headers: &mut HeaderMap, prefix: &str) {
    rewrite(headers, |cookie| below(cookie, prefix));
}

/// Limits the cookies that an answer sets to this host and keeps their paths. For routers, whose paths are the server's.
pub(super) fn limit_to_host(headers: &mut HeaderMap) {
    rewrite(headers, |cookie| {
        let parts = SetCookie::parse(cookie)?;
        Some(parts.write(parts.name, parts.path))
    });
}

fn rewrite(headers: &mut HeaderMap, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        if let Some(cookie) = change(cookie.as_bytes()).and_then(|text| HeaderValue::from_bytes(&text).ok()) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// The parts of a `Set-Cookie` header.
struct SetCookie<'a> {
    name: &'a [u8],
    /// The value with the `=` before it.
    value: &'a [u8],
    path: Option<&'a [u8]>,
    /// Every other attribute except `Domain`, which would send the cookie to other hosts.
    others: Vec<&'a [u8]>,
}

impl<'a> SetCookie<'a> {
    /// Parses a cookie; `None` for one with a name of a page's or the console's cookie, which no app may set.
    fn parse(cookie: &'a [u8]) -> Option<Self> {
        let mut parts = cookie.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let pair = parts.next()?;
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(end)?;
        let (name, mut path, mut others) = (name.trim_ascii(), None, Vec::new());
        if has_prefix(name, page::COOKIE_PREFIX) || is_console_cookie(name) {
            return None;
        }
        for attribute in parts.filter(|attribute| !attribute.is_empty()) {
            let end = attribute.iter().position(|byte| *byte == b'=').unwrap_or(attribute.len());
            let (key, rest) = attribute.split_at_checked(end)?;
            let key = key.trim_ascii();
            if key.eq_ignore_ascii_case(b"path") {
                // The last `Path` applies.
                path = Some(rest.get(1..).unwrap_or_default().trim_ascii());
            } else if !key.eq_ignore_ascii_case(b"domain") {
                others.push(attribute);
            }
        }
        // Browsers ignore any other path.
        Some(Self { name, value, path: path.filter(|path| path.starts_with(b"/")), others })
    }

    fn write(&self, name: &[u8], path: Option<&[u8]>) -> Vec<u8> {
        let mut text = [name, self.value].concat();
        if let Some(path) = path {
            text.extend_from_slice(b"; Path=");
            text.extend_from_slice(path);
        }
        for attribute in &self.others {
            text.extend_from_slice(b"; ");
            text.extend_from_slice(attribute);
        }
        text
    }
}

fn below(cookie: &[u8], prefix: &str) -> Option<Vec<u8>> {
    let parts = SetCookie::parse(cookie)?;
    let within = |path: &[u8]| {
        let rest = path.strip_prefix(prefix.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let path = parts.path.map(|path| match path {
        path if within(path) => path.to_vec(),
        path => [prefix.as_bytes(), path].concat(),
    });
    let name = match parts.name.get(HOST_PREFIX.len()..) {
        Some(rest) if has_prefix(parts.name, HOST_PREFIX) => [RENAMED_PREFIX.as_bytes(), rest].concat(),
        _ => parts.name.to_vec(),
    };
    Some(parts.write(&name, path.as_deref()))
}

/// Rewrites the cookies of a request for an app.
pub(super) fn to_app(headers: &mut HeaderMap) {
    let values: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    let changes = |value: &HeaderValue| {
        pairs(value.as_bytes()).any(|pair| is_own(pair) || has_prefix(pair, RENAMED_PREFIX))
    };
    if !values.iter().any(changes) {
        return;
    }
    headers.remove(COOKIE);
    for value in values {
        let kept: Vec<Vec<u8>> = pairs(value.as_bytes()).filter(|pair| !is_own(pair)).map(original).collect();
        if let Ok(value) = HeaderValue::from_bytes(&kept.join(&b"; "[..]))
            && !value.is_empty()
        {
            headers.append(COOKIE, value);
        }
    }
}

/// Returns true for a cookie that belongs to the server: that of a page, or of the console. Cookies ignore ports, so a browser
/// sends the console's to every listener of the host.
fn is_own(pair: &[u8]) -> bool {
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    has_prefix(pair, page::COOKIE_PREFIX) || is_console_cookie(name)
}

/// Restores the name that the app gave a cookie.
fn original(pair: &[u8]) -> Vec<u8> {
    match pair.get(RENAMED_PREFIX.len()..) {
        Some(rest) if has_prefix(pair, RENAMED_PREFIX) => [HOST_PREFIX.as_bytes(), rest].concat(),
        _ => pair.to_vec(),
    }
}

fn pairs(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii)
}

/// Compares without case, as browsers do with cookie name prefixes.
fn has_prefix(name: &[u8], prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookie: &str) -> Option<String> {
        below(cookie.as_bytes(), "/x/shop").map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_cookie_reaches_only_its_app() {
        for (given, kept) in [
            ("a=1", "a=1"),
            ("a=1; Path=/", "a=1; Path=/x/shop/"),
            ("a=1;path=/admin;HttpOnly; Secure", "a=1; Path=/x/shop/admin; HttpOnly; Secure"),
            ("a=1; Path=/x/shop", "a=1; Path=/x/shop"),
            ("a=1; PATH = /x/shop/cart", "a=1; Path=/x/shop/cart"),
            ("a=1; Path=/x/shopping", "a=1; Path=/x/shop/x/shopping"),
            ("a=1; Path=/; Path=/b", "a=1; Path=/x/shop/b"),
            ("a=1; Path=", "a=1"),
            ("a=1; Path=relative", "a=1"),
            ("a=1; Domain=example.com; Max-Age=5", "a=1; Max-Age=5"),
            (
                "a=b=c; domain=.x; Expires=Wed, 21 Oct 2037 07:28:00 GMT",
                "a=b=c; Expires=Wed, 21 Oct 2037 07:28:00 GMT",
            ),
            ("=odd", "=odd"),
            ("odd", "odd"),
            ("__Host-id=1; Path=/; Secure", "__Secure-fb_host_id=1; Path=/x/shop/; Secure"),
            ("__host-id=1; Secure; Path=/", "__Secure-fb_host_id=1; Path=/x/shop/; Secure"),
            ("__Secure-id=1; Path=/; Secure", "__Secure-id=1; Path=/x/shop/; Secure"),
        ] {
            assert_eq!(set(given).as_deref(), Some(kept), "{given}");
        }
        for ours in [
            "fb_page_shop=1",
            "fb_page_other=; Max-Age=0; Path=/",
            " fb_page_x = 1",
            "fb_console=1; Path=/",
            "FB_Console = 1",
            "__Host-fb=1; Path=/; Secure",
            "fb_console_oidc=1",
        ] {
            assert_eq!(set(ours), None, "{ours}");
        }
    }

    #[test]
    fn cookies_of_routers_keep_their_paths() {
        let mut headers = HeaderMap::new();
        for cookie in [
            "a=1; Path=/; Domain=example.com; Secure",
            "fb_page_x=1",
            "__Host-fb=1; Path=/; Secure",
            "__Host-b=2; Path=/; Secure",
        ] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        limit_to_host(&mut headers);
        let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(left, ["a=1; Path=/; Secure", "__Host-b=2; Path=/; Secure"]);
    }

    #[test]
    fn an_app_gets_its_cookies_under_their_original_names() {
        for (given, got) in [
            (vec!["a=1; fb_page_shop=1.x; b=2"], vec!["a=1; b=2"]),
            (vec!["fb_page_shop=1.x"], vec![]),
            (vec!["a=1; fb_console=x; __Host-fb=y; b=2"], vec!["a=1; b=2"]),
            (vec!["fb_console=x"], vec![]),
            (vec!["__Secure-fb_host_id=1; c=é"], vec!["__Host-id=1; c=é"]),
            (vec!["a=1;b=2", "c"], vec!["a=1;b=2", "c"]),
        ] {
            let mut headers = HeaderMap::new();
            for value in &given {
                headers.append(COOKIE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            to_app(&mut headers);
            let left: Vec<_> =
                headers.get_all(COOKIE).iter().map(|value| value.as_bytes().to_vec()).collect();
            let got: Vec<_> = got.iter().map(|value| value.as_bytes().to_vec()).collect();
            assert_eq!(left, got, "{given:?}");
        }
    }
}
