//! The page cookie: set with every page that an app serves under `/x/`, it later authenticates the page.
//!
//! It also carries the id of the page, from which the page token is derived. All windows that one browser has of an app
//! share it.
//!
//! The cookie separates pages of this server from pages of other origins. It does not separate apps from each other: all
//! pages under `/x/` share an origin, so a script of one app can load the page of another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_engine::{AppEntry, Engine, PageId};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Prefix of the cookie's name; the app's name follows.
pub(crate) const COOKIE_PREFIX: &str = "fb_page_";
/// How long the cookie is valid.
const VALID_FOR: Duration = Duration::from_hours(12);

/// The key that page cookies are signed with. It is the same after a restart, so open pages can reconnect.
pub(crate) struct PageKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for PageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl PageKey {
    pub(crate) const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// Signs the app's current generation: the cookie ends with the app.
    fn mac(&self, entry: &AppEntry, page: PageId, until: i64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        mac.update(format!("{COOKIE_PREFIX}{until}\n").as_bytes());
        mac.update(&page.0);
        mac.update(&entry.proof().sealed());
        Some(mac)
    }

    /// Returns the `Set-Cookie` of a page of this app. Over TLS the cookie also works in a frame of another site,
    /// partitioned by site; without TLS browsers do not allow that.
    pub(crate) fn cookie(
        &self,
        entry: &AppEntry,
        page: PageId,
        now: Millis,
        tls: bool,
    ) -> Option<HeaderValue> {
        let until = now.plus(VALID_FOR).seconds();
        let mac = URL_SAFE_NO_PAD.encode(self.mac(entry, page, until)?.finalize().into_bytes());
        let page = URL_SAFE_NO_PAD.encode(page.0);
        let site = if tls { "Secure; SameSite=None; Partitioned" } else { "SameSite=Strict" };
        let (name, age) = (entry.app.name.as_str(), VALID_FOR.as_secs());
        HeaderValue::from_str(&format!(
            "{COOKIE_PREFIX}{name}={until}.{page}.{mac}; Max-Age={age}; Path=/; HttpOnly; {site}"
        ))
        .ok()
    }

    /// Returns the app and the page that the cookies of a request authenticate: of the app `named`, or of the only app with
    /// a cookie.
    pub(crate) fn check(
        &self,
        engine: &Engine,
        headers: &HeaderMap,
        named: Option<&AppName>,
    ) -> Option<(Arc<AppEntry>, PageId)> {
        let mut authenticated = cookies(headers).filter_map(|(name, value)| {
            let name = AppName::find(name)?;
            named.is_none_or(|named| *named == name).then(|| self.verify(engine, &name, value))?
        });
        let first = authenticated.next()?;
        // With cookies of several apps the page is ambiguous.
        authenticated.all(|(other, _)| other.app.name == first.0.app.name).then_some(first)
    }

    fn verify(&self, engine: &Engine, name: &AppName, value: &str) -> Option<(Arc<AppEntry>, PageId)> {
        let (until, rest) = value.split_once('.')?;
        let (page, mac) = rest.split_once('.')?;
        let until: i64 = until.parse().ok()?;
        let page = PageId(URL_SAFE_NO_PAD.decode(page).ok()?.try_into().ok()?);
        let entry = engine.app(name).ok().filter(|entry| entry.app.enabled)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let valid =
            engine.now().seconds() < until && self.mac(&entry, page, until)?.verify_slice(&mac).is_ok();
        valid.then_some((entry, page))
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(name, value)| Some((name.strip_prefix(COOKIE_PREFIX)?, value)))
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// Returns true if a browser requests a page to display.
pub(crate) fn asks_for_page(request: &Parts) -> bool {
    let shown = match header(&request.headers, "sec-fetch-dest").as_str() {
        "document" | "iframe" | "frame" => true,
        "" => header(&request.headers, ACCEPT.as_str()).contains("text/html"),
        _ => false,
    };
    request.method == Method::GET && shown
}

/// Returns true if a browser requests a page to display and the answer is one.
pub(crate) fn is_page(request: &Parts, status: StatusCode, answer: &HeaderMap) -> bool {
    let html = header(answer, CONTENT_TYPE.as_str()).starts_with("text/html");
    let page = (status == StatusCode::OK && html) || status == StatusCode::NOT_MODIFIED;
    asks_for_page(request) && page
}
