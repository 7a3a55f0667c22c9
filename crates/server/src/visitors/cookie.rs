//! The cookies at the apps' origin: one of the user who visits, one of a sign-in that has begun.
//!
//! Their names are among those that a relay removes from requests to apps and from what apps set.

use super::site::VisitorSite;
use crate::console;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_engine::SESSION_MAX;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use std::time::Duration;

/// The end of the name of the cookie of the user who visits.
const VISIT: &str = "_app";
/// The end of the name of the cookie of a sign-in that has begun.
const BEGUN: &str = "_app_login";
/// How long a user may take to sign in.
const WITHIN: Duration = Duration::from_mins(10);

/// Signs the digest of a session of the console: the cookie lasts as long as the session, and nothing else has to be stored.
fn mac(site: &VisitorSite, session: &[u8; 32]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(site.key()).ok()?;
    mac.update(session);
    Some(mac)
}

/// Returns the `Set-Cookie` of the user with this session of the console.
pub(crate) fn set_visit(site: &VisitorSite, session: &[u8; 32]) -> Option<HeaderValue> {
    let mac = URL_SAFE_NO_PAD.encode(mac(site, session)?.finalize().into_bytes());
    let value = format!("{}.{mac}", URL_SAFE_NO_PAD.encode(session));
    console::set(site.is_https(), VISIT, &value, SESSION_MAX, true)
}

/// Returns the digest of the session in the cookie of a request.
pub(super) fn read_visit(site: &VisitorSite, headers: &HeaderMap) -> Option<[u8; 32]> {
    let (session, signed) = console::value(site.is_https(), VISIT, headers)?.split_once('.')?;
    let session: [u8; 32] = URL_SAFE_NO_PAD.decode(session).ok()?.try_into().ok()?;
    let signed = URL_SAFE_NO_PAD.decode(signed).ok()?;
    mac(site, &session)?.verify_slice(&signed).ok()?;
    Some(session)
}

/// Returns the `Set-Cookie` that deletes the cookie of the user.
pub(crate) fn clear_visit(site: &VisitorSite) -> Option<HeaderValue> {
    console::clear(site.is_https(), VISIT)
}

/// Returns the `Set-Cookie` of a sign-in that begins: its secret, and the path to return to.
pub(crate) fn set_login(site: &VisitorSite, secret: &str, return_path: &str) -> Option<HeaderValue> {
    let value = format!("{secret}.{}", URL_SAFE_NO_PAD.encode(return_path));
    console::set(site.is_https(), BEGUN, &value, WITHIN, true)
}

/// Returns the secret and the path to return to of the sign-in that this browser has begun.
pub(crate) fn read_login(site: &VisitorSite, headers: &HeaderMap) -> Option<(String, String)> {
    let (secret, path) = console::value(site.is_https(), BEGUN, headers)?.split_once('.')?;
    let path = String::from_utf8(URL_SAFE_NO_PAD.decode(path).ok()?).ok()?;
    Some((secret.to_owned(), site.return_path(&path)))
}

/// Returns the `Set-Cookie` that deletes the cookie of a sign-in that has begun.
pub(crate) fn clear_login(site: &VisitorSite) -> Option<HeaderValue> {
    console::clear(site.is_https(), BEGUN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::COOKIE;
    use zeroize::Zeroizing;

    fn site(origin: &str, key: u8) -> VisitorSite {
        VisitorSite::new(origin, "http://c", "http://p", Zeroizing::new([key; 32]))
    }

    #[test]
    fn only_what_this_server_signed_names_a_session() {
        let site = site("http://localhost:1", 1);
        let set = set_visit(&site, &[7; 32]).unwrap();
        let cookie = set.to_str().unwrap().split(';').next().unwrap();
        assert!(set.to_str().unwrap().contains("HttpOnly; SameSite=Lax"), "{set:?}");
        let read = |text: String| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, text.parse().unwrap());
            read_visit(&site, &headers)
        };
        assert_eq!(read(cookie.to_owned()), Some([7; 32]));
        let other = set_visit(&self::site("http://localhost:1", 2), &[7; 32]).unwrap();
        for wrong in [
            other.to_str().unwrap().split(';').next().unwrap().to_owned(),
            cookie.replace("fb_console_app=Bw", "fb_console_app=Cw"),
            format!("{cookie}; {cookie}"),
            cookie.split('.').next().unwrap().to_owned(),
            "fb_console_app=.".to_owned(),
            cookie.replace("fb_console_app", "fb_console"),
        ] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
        assert!(
            set_visit(&self::site("https://a", 1), &[7; 32])
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("__Host-fb_app=")
        );
    }

    #[test]
    fn the_path_to_return_to_is_checked_again() {
        let site = site("http://localhost:1", 1);
        let read = |path: &str| {
            let set = set_login(&site, "s", path).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, set.to_str().unwrap().split(';').next().unwrap().parse().unwrap());
            read_login(&site, &headers)
        };
        assert_eq!(read("/x/a/?b"), Some(("s".into(), "/x/a/?b".into())));
        assert_eq!(read("//evil.example"), Some(("s".into(), "/".into())));
    }
}
