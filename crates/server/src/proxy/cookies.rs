//! Cookies of apps under `/x/`: what an app sets reaches that app alone, and what proves a page reaches none.

use crate::page;
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

/// A browser takes a cookie of such a name only with `Path=/`, and so for all apps.
const HOST_ONLY: &str = "__Host-";
/// So to the browser it has this name instead, and `Path` keeps it to its app. For the app nothing changes.
const RENAMED: &str = "__Secure-fb_host_";

/// Brings the cookies that an answer sets below `prefix`, a path without a slash at the end, and to this host alone.
pub(super) fn keep_below(headers: &mut HeaderMap, prefix: &str) {
    rewrite(headers, |cookie| below(cookie, prefix));
}

/// Leaves the paths of cookies as they are: for routers, which are part of the server's own paths.
pub(super) fn keep_on_host(headers: &mut HeaderMap) {
    rewrite(headers, |cookie| {
        let parts = Parts::of(cookie)?;
        Some(parts.write(parts.name, parts.path))
    });
}

fn rewrite(headers: &mut HeaderMap, change: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let given: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in given {
        if let Some(cookie) = change(cookie.as_bytes()).and_then(|text| HeaderValue::from_bytes(&text).ok()) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// A `Set-Cookie`, taken apart.
struct Parts<'a> {
    name: &'a [u8],
    /// From the `=` on.
    value: &'a [u8],
    path: Option<&'a [u8]>,
    /// Every other attribute but `Domain`, which would have it reach other hosts.
    others: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// `None` for one that is to be dropped: it has the name of one of ours, which no app sets.
    fn of(cookie: &'a [u8]) -> Option<Self> {
        let mut parts = cookie.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let pair = parts.next()?;
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(end)?;
        let (name, mut path, mut others) = (name.trim_ascii(), None, Vec::new());
        if begins(name, page::NAME) {
            return None;
        }
        for attribute in parts.filter(|attribute| !attribute.is_empty()) {
            let end = attribute.iter().position(|byte| *byte == b'=').unwrap_or(attribute.len());
            let (key, rest) = attribute.split_at_checked(end)?;
            let key = key.trim_ascii();
            if key.eq_ignore_ascii_case(b"path") {
                // The last one counts.
                path = Some(rest.get(1..).unwrap_or_default().trim_ascii());
            } else if !key.eq_ignore_ascii_case(b"domain") {
                others.push(attribute);
            }
        }
        // To a browser any other path is none.
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
    let parts = Parts::of(cookie)?;
    let within = |path: &[u8]| {
        let rest = path.strip_prefix(prefix.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    let path = parts.path.map(|path| match path {
        path if within(path) => path.to_vec(),
        path => [prefix.as_bytes(), path].concat(),
    });
    let name = match parts.name.get(HOST_ONLY.len()..) {
        Some(rest) if begins(parts.name, HOST_ONLY) => [RENAMED.as_bytes(), rest].concat(),
        _ => parts.name.to_vec(),
    };
    Some(parts.write(&name, path.as_deref()))
}

/// The cookies of a request as an app gets them.
pub(super) fn to_app(headers: &mut HeaderMap) {
    let given: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    let concerned = |value: &HeaderValue| {
        pairs(value.as_bytes()).any(|pair| begins(pair, page::NAME) || begins(pair, RENAMED))
    };
    if !given.iter().any(concerned) {
        return;
    }
    headers.remove(COOKIE);
    for value in given {
        let kept: Vec<Vec<u8>> =
            pairs(value.as_bytes()).filter(|pair| !begins(pair, page::NAME)).map(as_set).collect();
        if let Ok(value) = HeaderValue::from_bytes(&kept.join(&b"; "[..]))
            && !value.is_empty()
        {
            headers.append(COOKIE, value);
        }
    }
}

/// A pair under the name that its app gave it.
fn as_set(pair: &[u8]) -> Vec<u8> {
    match pair.get(RENAMED.len()..) {
        Some(rest) if begins(pair, RENAMED) => [HOST_ONLY.as_bytes(), rest].concat(),
        _ => pair.to_vec(),
    }
}

fn pairs(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii)
}

/// Browsers do not heed case in the beginnings of names that mean something to them.
fn begins(name: &[u8], begin: &str) -> bool {
    name.get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(begin.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookie: &str) -> Option<String> {
        below(cookie.as_bytes(), "/x/shop").map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_cookie_reaches_its_app_alone() {
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
        for ours in ["fb_page_shop=1", "fb_page_other=; Max-Age=0; Path=/", " fb_page_x = 1"] {
            assert_eq!(set(ours), None, "{ours}");
        }
    }

    #[test]
    fn routers_keep_their_paths() {
        let mut headers = HeaderMap::new();
        for cookie in ["a=1; Path=/; Domain=example.com; Secure", "fb_page_x=1", "__Host-b=2; Path=/; Secure"]
        {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        keep_on_host(&mut headers);
        let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(left, ["a=1; Path=/; Secure", "__Host-b=2; Path=/; Secure"]);
    }

    #[test]
    fn an_app_gets_its_cookies_under_their_names() {
        for (given, got) in [
            (vec!["a=1; fb_page_shop=1.x; b=2"], vec!["a=1; b=2"]),
            (vec!["fb_page_shop=1.x"], vec![]),
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
