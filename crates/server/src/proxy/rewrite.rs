//! Rewrites addresses in an app's answers. An app writes redirects without `/x/<app>`, or with the address that it listens
//! on; they are mapped back below its prefix, as any reverse proxy does.

use super::{cookies, origin_headers};
use footbridge_model::path::is_mounted_under;
use http::header::{CONTENT_LOCATION, HeaderMap, HeaderName, HeaderValue, LOCATION, REFRESH};
use std::net::SocketAddr;

/// Maps addresses of an app to those that its client uses.
pub(super) struct ResponseRewriter<'a> {
    /// `/x/<app>`, as the client wrote it.
    pub(super) prefix: &'a str,
    /// The `Host` that the app got.
    pub(super) host: Option<&'a str>,
    /// The address that the app listens on.
    pub(super) address: SocketAddr,
    /// Returns true if a path that the app names leads out of the app.
    pub(super) leads_out: &'a dyn Fn(&str) -> bool,
}

/// The host that a URL names.
enum UrlHost {
    /// The address that the app listens on.
    App,
    /// The host that the client sees, or none at all.
    Client,
    Other,
}

impl ResponseRewriter<'_> {
    /// Rewrites the headers of an answer.
    pub(super) fn rewrite(&self, headers: &mut HeaderMap) {
        origin_headers::limit_to_prefix(headers, self.prefix);
        cookies::limit_to_prefix(headers, self.prefix);
        change(headers, &LOCATION, |url| self.map_url(url));
        change(headers, &CONTENT_LOCATION, |url| self.map_url(url));
        change(headers, &REFRESH, |text| self.map_refresh(text));
    }

    /// Returns the URL that the client can follow; `None` if it needs no change.
    fn map_url(&self, url: &str) -> Option<String> {
        let url = url.trim();
        let (host, rest) = self.split(url)?;
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (path, behind) = rest.split_at_checked(end)?;
        let path = if path.is_empty() { "/" } else { path };
        match host {
            UrlHost::Other => None,
            UrlHost::App if is_mounted_under(path, self.prefix) => Some(format!("{path}{behind}")),
            UrlHost::Client if is_mounted_under(path, self.prefix) || (self.leads_out)(path) => None,
            UrlHost::App | UrlHost::Client => Some(format!("{}{path}{behind}", self.prefix)),
        }
    }

    /// Splits a URL into its host and the rest; `None` for a URL relative to the page.
    fn split<'u>(&self, url: &'u str) -> Option<(UrlHost, &'u str)> {
        let (scheme, behind) = match url.split_once("://") {
            Some((scheme, behind)) if scheme.eq_ignore_ascii_case("http") => (Some("80"), behind),
            Some((scheme, behind)) if scheme.eq_ignore_ascii_case("https") => (Some("443"), behind),
            _ if url.starts_with("//") => (None, url.get(2..)?),
            _ if url.starts_with('/') => return Some((UrlHost::Client, url)),
            _ => return None,
        };
        let end = behind.find(['/', '?', '#', '\\']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at_checked(end)?;
        Some((self.host_of(authority, scheme), rest))
    }

    fn host_of(&self, authority: &str, default_port: Option<&str>) -> UrlHost {
        let (host, port) = host_and_port(authority);
        let port = port.or(default_port);
        let ip = self.address.ip();
        let local = ip.to_string();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_local = bare == local || bare.eq_ignore_ascii_case("localhost");
        if is_local && port.is_some_and(|port| port.parse() == Ok(self.address.port())) {
            return UrlHost::App;
        }
        let Some((own, own_port)) = self.host.map(host_and_port) else { return UrlHost::Other };
        let same = own.eq_ignore_ascii_case(host) && own_port.or(default_port) == port;
        if same { UrlHost::Client } else { UrlHost::Other }
    }

    /// Maps the URL in `Refresh: 5; url=…`.
    fn map_refresh(&self, text: &str) -> Option<String> {
        let at = text.find([';', ','])?;
        let (wait, rest) = text.split_at_checked(at)?;
        let rest = rest.get(1..)?.trim();
        let named = rest.get(..3).filter(|word| word.eq_ignore_ascii_case("url"));
        let url = named.and_then(|_| rest.get(3..)?.trim_start().strip_prefix('=')).unwrap_or(rest).trim();
        let quote = url.chars().next().filter(|c| matches!(c, '"' | '\''));
        let url = match quote {
            Some(quote) => url.get(1..)?.split(quote).next()?,
            None => url,
        };
        Some(format!("{wait}; url={}", self.map_url(url)?))
    }
}

/// Splits an authority into host and port.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port))
        }
        Some((host, "")) => (host, None),
        _ => (authority, None),
    }
}

fn change(headers: &mut HeaderMap, name: &HeaderName, change: impl Fn(&str) -> Option<String>) {
    let values: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    let changed = |value: &HeaderValue| {
        let text = std::str::from_utf8(value.as_bytes()).ok()?;
        HeaderValue::from_bytes(change(text)?.as_bytes()).ok()
    };
    if !values.iter().any(|value| changed(value).is_some()) {
        return;
    }
    headers.remove(name);
    for value in values {
        headers.append(name.clone(), changed(&value).unwrap_or(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewriter<'a>(host: Option<&'a str>, leads_out: &'a dyn Fn(&str) -> bool) -> ResponseRewriter<'a> {
        ResponseRewriter { prefix: "/x/shop", host, address: "127.0.0.1:9003".parse().unwrap(), leads_out }
    }

    #[test]
    fn redirects_are_mapped_below_the_prefix() {
        let nothing = |path: &str| path.starts_with("/x/other/");
        let rewriter = rewriter(Some("a.example:8080"), &nothing);
        for (given, expected) in [
            ("/", Some("/x/shop/")),
            ("/login?next=/a#b", Some("/x/shop/login?next=/a#b")),
            ("/x/shop", None),
            ("/x/shop/", None),
            ("/x/Shop/cart", None),
            ("/x/shop?a", None),
            ("/x/shopping", Some("/x/shop/x/shopping")),
            ("/x/other/", None),
            ("http://127.0.0.1:9003", Some("/x/shop/")),
            ("http://127.0.0.1:9003?a=1", Some("/x/shop/?a=1")),
            ("HTTP://LocalHost:9003/a", Some("/x/shop/a")),
            ("http://127.0.0.1:9003/x/shop/a", Some("/x/shop/a")),
            ("http://127.0.0.1:9003/x/other/", Some("/x/shop/x/other/")),
            ("//localhost:9003/a", Some("/x/shop/a")),
            ("http://a.example:8080/a", Some("/x/shop/a")),
            ("https://A.Example:8080/a", Some("/x/shop/a")),
            ("//a.example:8080/a", Some("/x/shop/a")),
            ("http://a.example:8080/x/shop/a", None),
            ("http://a.example:8080/x/other/", None),
            ("http://a.example/a", None),
            ("http://127.0.0.1:9004/a", None),
            ("http://user@a.example:8080/a", None),
            ("http://a.example:8080.evil.example/a", None),
            ("//other.example/", None),
            ("https://other.example/a", None),
            ("mailto:x@y", None),
            ("javascript://127.0.0.1:9003/%0aalert(1)", None),
            ("home", None),
            ("../up", None),
            ("?page=2", None),
            ("#top", None),
            ("", None),
            ("/\\evil.example", Some("/x/shop/\\evil.example")),
        ] {
            assert_eq!(rewriter.map_url(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn a_default_port_may_be_left_out() {
        let nothing = |_: &str| false;
        let rewriter = rewriter(Some("a.example"), &nothing);
        for (given, expected) in [
            ("http://a.example/a", Some("/x/shop/a")),
            ("http://a.example:80/a", Some("/x/shop/a")),
            ("https://a.example:443/a", Some("/x/shop/a")),
            ("http://a.example:443/a", None),
            ("//a.example/a", Some("/x/shop/a")),
        ] {
            assert_eq!(rewriter.map_url(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn refresh_urls_are_mapped_below_the_prefix() {
        let nothing = |_: &str| false;
        let rewriter = rewriter(None, &nothing);
        for (given, expected) in [
            ("5; url=/a", Some("5; url=/x/shop/a")),
            ("0;URL='/a;b'", Some("0; url=/x/shop/a;b")),
            ("0, \"/a\"", Some("0; url=/x/shop/a")),
            ("1; Url = http://localhost:9003/a", Some("1; url=/x/shop/a")),
            ("5; url=next", None),
            ("5; url=https://other.example/", None),
            ("5", None),
            ("5;", None),
        ] {
            assert_eq!(rewriter.map_refresh(given).as_deref(), expected, "{given}");
        }
    }
}
