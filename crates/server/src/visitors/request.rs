//! The user behind a request at the apps' origin.

use super::cookie;
use super::site::VisitorSite;
use footbridge_engine::{People, Visitor};
use http::header::{HeaderName, ORIGIN, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method};
use std::net::IpAddr;
use std::sync::Arc;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"))
}

/// Returns true if a page of this origin sent a request that changes something.
pub(crate) fn is_from_own_page(site: &VisitorSite, headers: &HeaderMap) -> bool {
    match (text(headers, &FETCH_SITE), text(headers, &ORIGIN)) {
        (Some("same-origin"), None) => true,
        (Some("same-origin") | None, Some(origin)) => origin.eq_ignore_ascii_case(site.origin()),
        _ => false,
    }
}

/// Returns true if a request counts as the user's: a page of this origin sent it, or the user opened a page. Pages of other
/// origins, also those of this server under another name, send the cookie as well but must not act as the user.
fn counts(site: &VisitorSite, head: &Parts) -> bool {
    let headers = &head.headers;
    if is_from_own_page(site, headers) {
        return true;
    }
    let reads = matches!(head.method, Method::GET | Method::HEAD) && !headers.contains_key(UPGRADE);
    if !reads || headers.contains_key(ORIGIN) {
        return false;
    }
    match text(headers, &FETCH_SITE) {
        None | Some("none") => true,
        Some(_) => {
            text(headers, &FETCH_MODE) == Some("navigate") && text(headers, &FETCH_DEST) == Some("document")
        }
    }
}

/// Returns the user who visits; `None` for everybody else, and while the journal cannot be read.
pub(crate) async fn visitor(
    site: &VisitorSite,
    people: &Arc<People>,
    head: &Parts,
    address: IpAddr,
) -> Option<Visitor> {
    let session = cookie::read_visit(site, &head.headers)?;
    if !site.is_named_by(&head.uri, &head.headers) || !counts(site, head) {
        return None;
    }
    people.visitor(session, Some(address)).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the user who visits an app could not be read");
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use zeroize::Zeroizing;

    fn counts(method: &str, headers: &[(&str, &str)]) -> bool {
        let site = VisitorSite::new("http://localhost:4400", "http://c", "http://p", Zeroizing::new([0; 32]));
        let mut request = Request::builder().method(method).uri("/x/desk/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::counts(&site, &request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn pages_of_other_origins_do_not_act_as_the_user() {
        let site = |value| ("sec-fetch-site", value);
        let own = ("origin", "http://localhost:4400");
        let (mode, dest) = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"));
        for method in ["GET", "POST"] {
            assert!(counts(method, &[site("same-origin")]), "{method}");
            assert!(counts(method, &[site("same-origin"), own]), "{method}");
            assert!(counts(method, &[own]), "{method}");
            for other in ["http://127.0.0.1:4400", "http://localhost:4401", "null", "https://localhost:4400"]
            {
                assert!(!counts(method, &[("origin", other)]), "{method} {other}");
                assert!(!counts(method, &[site("same-origin"), ("origin", other)]), "{method} {other}");
            }
        }
        assert!(counts("GET", &[]) && counts("GET", &[site("none")]));
        assert!(!counts("POST", &[]) && !counts("POST", &[site("none")]));
        for other in ["same-site", "cross-site"] {
            assert!(counts("GET", &[site(other), mode, dest]), "a link of {other}");
            assert!(!counts("POST", &[site(other), mode, dest]), "a form of {other}");
            assert!(!counts("GET", &[site(other)]), "a script of {other}");
            assert!(!counts("GET", &[site(other), mode, ("sec-fetch-dest", "iframe")]), "a frame of {other}");
        }
        let upgrade = ("upgrade", "websocket");
        assert!(!counts("GET", &[upgrade]));
        assert!(!counts("GET", &[upgrade, ("origin", "http://127.0.0.1:4400")]));
        assert!(counts("GET", &[upgrade, own]));
    }
}
