//! The cookies of the console.
//!
//! Cookies ignore ports, and other listeners of the same host name serve pages of apps: a relay to an app removes these
//! cookies from requests, and from what an app wants to set.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};
use std::time::Duration;

/// Names of the cookie: over https, browsers accept the first only from this host itself.
const SECURE: &str = "__Host-fb";
const PLAIN: &str = "fb_console";
/// The beginnings of the names of all further cookies of the console.
const FURTHER: [&str; 2] = ["__Host-fb_", "fb_console_"];

/// Returns true if a cookie of this name belongs to the console. Capital letters count as small ones: whoever reads cookies
/// less strictly than browsers must not be fooled.
pub(crate) fn is_console_cookie(name: &[u8]) -> bool {
    let begins = |prefix: &str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    name.eq_ignore_ascii_case(SECURE.as_bytes())
        || name.eq_ignore_ascii_case(PLAIN.as_bytes())
        || FURTHER.into_iter().any(begins)
}

fn name(https: bool, of: &str) -> String {
    format!("{}{of}", if https { SECURE } else { PLAIN })
}

/// Returns the value of a cookie; `https` tells how browsers reach its listener, `of` is empty for the session. `None` if it is missing, or there twice: then another page
/// of this host name has set one, and which one is ours cannot be told.
pub(crate) fn value<'a>(https: bool, of: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = name(https, of);
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Returns the `Set-Cookie` for a value. `cross` is true for a cookie that browsers send also when a link of another site is followed.
pub(crate) fn set(https: bool, of: &str, value: &str, age: Duration, cross: bool) -> Option<HeaderValue> {
    let (name, age) = (name(https, of), age.as_secs());
    let secure = if https { "; Secure" } else { "" };
    let site = if cross { "Lax" } else { "Strict" };
    let text = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite={site}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Returns the `Set-Cookie` that deletes a cookie.
pub(crate) fn clear(https: bool, of: &str) -> Option<HeaderValue> {
    set(https, of, "", Duration::ZERO, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_bound_to_the_host_over_https() {
        let set = |https| set(https, "", "x", Duration::from_secs(9), false).unwrap();
        assert_eq!(set(true), "__Host-fb=x; Path=/; Max-Age=9; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(set(false), "fb_console=x; Path=/; Max-Age=9; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn a_second_cookie_of_the_name_makes_both_void() {
        let read = |cookies: &[&str]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(COOKIE, cookie.parse().unwrap());
            }
            value(false, "", &headers).map(str::to_owned)
        };
        assert_eq!(read(&["a=1; fb_console=x; b=2"]).as_deref(), Some("x"));
        assert_eq!(read(&["fb_console=x; fb_console=y"]), None);
        assert_eq!(read(&["fb_console=x", "fb_console=y"]), None);
        assert_eq!(read(&["fb_console_oidc=x; xfb_console=y"]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn all_names_of_the_console_are_known() {
        for ours in
            ["fb_console", "FB_Console", "__Host-fb", "__host-FB", "__Host-fb_oidc", "fb_console_oidc"]
        {
            assert!(is_console_cookie(ours.as_bytes()), "{ours}");
        }
        for other in ["fb_consoles", "__Host-fbx", "fb", "session", ""] {
            assert!(!is_console_cookie(other.as_bytes()), "{other}");
        }
    }
}
