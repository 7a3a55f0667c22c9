//! The checks of a request to the console: it comes from the console's own pages, and it has a session.

use super::cookie;
use super::settings::ConsoleSettings;
use crate::media;
use crate::problem::{Problem, ProblemCode};
use footbridge_engine::People;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::people::ConsoleSession;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, ORIGIN, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method};
use std::net::IpAddr;
use std::sync::Arc;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The extension of a request with a session.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub(crate) ConsoleSession);

/// Checks that a request for the API comes from a page of the console. Pages of apps have the same host name on another port,
/// which browsers call `same-site` and send the cookies of: only `same-origin` counts.
///
/// # Errors
/// 403 `cross_site`, 415 for a body that is not JSON.
pub(crate) fn check_site(settings: &ConsoleSettings, head: &Parts) -> Result<(), Problem> {
    let writes = !matches!(head.method, Method::GET | Method::HEAD);
    let text = |name: &HeaderName| head.headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let (site, origin) = (text(&FETCH_SITE), text(&ORIGIN));
    let own_page = match (site, origin) {
        (Some("same-origin"), None) => true,
        (Some("same-origin") | None, Some(origin)) => is_own(settings, head, origin),
        // An address that a person types may be read. Neither header: no browser of these days sends a write like that.
        (Some("none") | None, None) => !writes,
        _ => false,
    };
    if !own_page {
        let why = "the request comes from a page that is not the console's; programs use the API of the server with a token";
        return Err(Problem::new(ProblemCode::CrossSite, why));
    }
    if writes { check_media(&head.headers) } else { Ok(()) }
}

/// Returns true if the origin is the console's, as it is configured or as the request names it.
fn is_own(settings: &ConsoleSettings, head: &Parts, origin: &str) -> bool {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
    let scheme = if settings.is_https() { "https" } else { "http" };
    origin.eq_ignore_ascii_case(settings.origin())
        || origin
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|named| !host.is_empty() && named.eq_ignore_ascii_case(host))
}

/// Checks that a body is JSON, which no form of another site can send.
fn check_media(headers: &HeaderMap) -> Result<(), Problem> {
    let empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0")
        && !headers.contains_key(TRANSFER_ENCODING);
    let given = headers.contains_key(CONTENT_TYPE);
    if crate::body::is_json(headers) || empty && !given {
        return Ok(());
    }
    Err(Problem::new(ProblemCode::UnsupportedMediaType, media::not_json(headers)))
}

/// Returns the caller whose session the cookie of a request belongs to.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn sign_in_state(
    people: &Arc<People>,
    settings: &ConsoleSettings,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Option<(Arc<AdminCaller>, SignedIn)>, Problem> {
    let Some(cookie) = cookie::value(settings.is_https(), "", headers) else { return Ok(None) };
    let found = people.caller_by_session(cookie.as_bytes(), Some(address)).await?;
    Ok(found.map(|(caller, session)| (Arc::new(caller), SignedIn(session))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn check(method: &str, headers: &[(&str, &str)]) -> Result<(), ProblemCode> {
        let settings = ConsoleSettings {
            url: "http://127.0.0.1:4401".into(),
            base: String::new(),
            insecure: false,
            assets: |_, _| None,
            oidc: None,
            apps_url: None,
        };
        let mut request =
            Request::builder().method(method).uri("/api/v1/apps").header("host", "localhost:4401");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check_site(&settings, &parts).map_err(|problem| problem.code())
    }

    #[test]
    fn only_pages_of_the_console_may_write() {
        let (json, site) = (("content-type", "application/json"), "sec-fetch-site");
        let cross = Err(ProblemCode::CrossSite);
        assert_eq!(check("POST", &[(site, "same-origin"), json]), Ok(()));
        assert_eq!(
            check("POST", &[(site, "same-origin"), json, ("origin", "http://127.0.0.1:4401")]),
            Ok(())
        );
        assert_eq!(check("POST", &[json, ("origin", "http://localhost:4401")]), Ok(()));
        for other in ["same-site", "cross-site", "none", "Same-Origin", ""] {
            assert_eq!(check("POST", &[(site, other), json]), cross, "{other}");
        }
        for other in ["http://localhost:4400", "https://localhost:4401", "null", "http://evil.example", ""] {
            assert_eq!(check("POST", &[json, ("origin", other)]), cross, "{other}");
            assert_eq!(check("DELETE", &[(site, "same-origin"), ("origin", other)]), cross, "{other}");
        }
        assert_eq!(check("POST", &[json]), cross);
        assert_eq!(check("DELETE", &[(site, "same-origin")]), Ok(()));
    }

    #[test]
    fn other_sites_may_not_even_read() {
        assert_eq!(check("GET", &[]), Ok(()));
        for (value, allowed) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            assert_eq!(check("GET", &[("sec-fetch-site", value)]).is_ok(), allowed, "{value}");
        }
        assert!(check("GET", &[("origin", "http://localhost:4400")]).is_err());
    }

    #[test]
    fn a_body_must_be_json() {
        let own = ("sec-fetch-site", "same-origin");
        let media = Err(ProblemCode::UnsupportedMediaType);
        for wrong in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            assert_eq!(check("POST", &[own, ("content-type", wrong)]), media, "{wrong}");
        }
        assert_eq!(check("POST", &[own, ("content-length", "2")]), media);
        assert_eq!(check("POST", &[own, ("transfer-encoding", "chunked")]), media);
        assert_eq!(check("POST", &[own, ("content-length", "0")]), Ok(()));
    }
}
