//! The cookie of a page: set with a page that an app answers under `/x/`, it shows later that the page is of that app.
//!
//! It also says which page it is, for all windows that a browser has of the app: from that comes the page's token.
//!
//! It tells pages of this server from pages of other origins. It does not tell apps from each other against the will of
//! one of them: all pages under `/x/` share an origin, so a script of one may load the page of another and read along.

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

/// What its name begins with; the app's name follows.
pub(crate) const NAME: &str = "fb_page_";
/// How long it is good for.
const GOOD: Duration = Duration::from_hours(12);

/// What cookies are signed with. It outlives the server, so pages that stay open over a restart come back by themselves.
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

    /// Names the app as it is installed now: it ends with the app.
    fn mac(&self, entry: &AppEntry, page: PageId, until: i64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        mac.update(format!("{NAME}{until}\n").as_bytes());
        mac.update(&page.0);
        mac.update(&entry.proof().sealed());
        Some(mac)
    }

    /// The cookie of a page of this app. Over TLS it also goes with a page in a frame of another site, kept apart for
    /// each such site; without TLS browsers allow no such cookie.
    pub(crate) fn cookie(
        &self,
        entry: &AppEntry,
        page: PageId,
        now: Millis,
        tls: bool,
    ) -> Option<HeaderValue> {
        let until = now.plus(GOOD).seconds();
        let mac = URL_SAFE_NO_PAD.encode(self.mac(entry, page, until)?.finalize().into_bytes());
        let page = URL_SAFE_NO_PAD.encode(page.0);
        let site = if tls { "Secure; SameSite=None; Partitioned" } else { "SameSite=Strict" };
        let (name, age) = (entry.app.name.as_str(), GOOD.as_secs());
        HeaderValue::from_str(&format!(
            "{NAME}{name}={until}.{page}.{mac}; Max-Age={age}; Path=/; HttpOnly; {site}"
        ))
        .ok()
    }

    /// The app and the page that the cookies of a request prove: those of `named`, or else the only ones.
    pub(crate) fn check(
        &self,
        engine: &Engine,
        headers: &HeaderMap,
        named: Option<&AppName>,
    ) -> Option<(Arc<AppEntry>, PageId)> {
        let mut proved = cookies(headers).filter_map(|(name, value)| {
            let name = AppName::find(name)?;
            named.is_none_or(|named| *named == name).then(|| self.proves(engine, &name, value))?
        });
        let first = proved.next()?;
        // With several, nothing says which page it is.
        proved.all(|(other, _)| other.app.name == first.0.app.name).then_some(first)
    }

    fn proves(&self, engine: &Engine, name: &AppName, value: &str) -> Option<(Arc<AppEntry>, PageId)> {
        let (until, rest) = value.split_once('.')?;
        let (page, mac) = rest.split_once('.')?;
        let until: i64 = until.parse().ok()?;
        let page = PageId(URL_SAFE_NO_PAD.decode(page).ok()?.try_into().ok()?);
        let entry = engine.app(name).ok().filter(|entry| entry.app.enabled)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let good =
            engine.now().seconds() < until && self.mac(&entry, page, until)?.verify_slice(&mac).is_ok();
        good.then_some((entry, page))
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(name, value)| Some((name.strip_prefix(NAME)?, value)))
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// Whether a browser asks for a page to show.
pub(crate) fn asks_for_page(request: &Parts) -> bool {
    let shown = match header(&request.headers, "sec-fetch-dest").as_str() {
        "document" | "iframe" | "frame" => true,
        "" => header(&request.headers, ACCEPT.as_str()).contains("text/html"),
        _ => false,
    };
    request.method == Method::GET && shown
}

/// Whether a browser asks for a page to show, and this answer is one.
pub(crate) fn is_page(request: &Parts, status: StatusCode, answer: &HeaderMap) -> bool {
    let html = header(answer, CONTENT_TYPE.as_str()).starts_with("text/html");
    let page = (status == StatusCode::OK && html) || status == StatusCode::NOT_MODIFIED;
    asks_for_page(request) && page
}
