//! The pages of the sample apps, which are files in the binary, and their security headers.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY},
};
use http_body_util::{Either, Full};

use super::{
    apps::{HOST, MINIAPP, SampleApp},
    page_state::{Feed, OpenPages},
};

/// The body of an answer of a sample app.
pub(super) type PageAnswer = Response<Either<Full<Bytes>, Feed>>;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// A file: the app that it belongs to (`None` for all apps), its path, its media type and its content.
type File = (Option<&'static str>, &'static str, &'static str, &'static str);

const FILES: &[File] = &[
    (Some(HOST), "/", HTML, include_str!("page/host.html")),
    (Some(HOST), "/host.css", CSS, include_str!("page/host.css")),
    (Some(HOST), "/trail.css", CSS, include_str!("page/trail.css")),
    (Some(HOST), "/host.js", JS, include_str!("page/host.js")),
    (Some(HOST), "/parts.js", JS, include_str!("page/parts.js")),
    (Some(HOST), "/trail.js", JS, include_str!("page/trail.js")),
    (Some(HOST), "/draw.js", JS, include_str!("page/draw.js")),
    (Some(HOST), "/watch.js", JS, include_str!("page/watch.js")),
    (Some(MINIAPP), "/", HTML, include_str!("page/shop.html")),
    (Some(MINIAPP), "/shop.css", CSS, include_str!("page/shop.css")),
    (Some(MINIAPP), "/shop.js", JS, include_str!("page/shop.js")),
    (None, "/base.css", CSS, include_str!("page/base.css")),
    (None, "/live.js", JS, include_str!("page/live.js")),
    (None, "/icon.svg", SVG, include_str!("page/icon.svg")),
];

/// Returns the origin of this app's pages.
pub(super) fn origin(app: &SampleApp) -> String {
    app.address.map(|address| format!("http://{address}")).unwrap_or_default()
}

/// Returns true if the `Host` of the request is the address of this app. With another name that leads here, a foreign
/// page could pretend to have the same origin.
pub(super) fn has_own_host(app: &SampleApp, headers: &HeaderMap) -> bool {
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    app.address.is_some_and(|address| host == Some(&address.to_string()))
}

/// Returns true if the request comes from a page of this app.
pub(super) fn has_own_origin(app: &SampleApp, headers: &HeaderMap) -> bool {
    headers.get(http::header::ORIGIN).is_some_and(|found| *found == origin(app))
}

/// Redirects to the address of the app.
pub(super) fn redirect(app: &SampleApp, method: &Method) -> PageAnswer {
    let mut answer = text(StatusCode::MISDIRECTED_REQUEST, "this app has another address");
    if let (&Method::GET, Ok(there)) = (method, HeaderValue::from_str(&format!("{}/", origin(app)))) {
        *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        answer.headers_mut().insert(LOCATION, there);
    }
    answer
}

/// Returns the file of an app at this path.
pub(super) fn file(app: &SampleApp, open: &OpenPages, path: &str) -> Option<PageAnswer> {
    let its = |file: &&File| file.1 == path && file.0.is_none_or(|owner| owner == app.name);
    let (_, _, kind, content) = FILES.iter().find(its)?;
    let (host, shop) = (origin(&open.apps.host), origin(&open.apps.miniapp));
    let content = if *kind == HTML {
        let version = env!("CARGO_PKG_VERSION");
        let places = [("server", &*open.server), ("host", &host), ("shop", &shop), ("version", version)];
        places.into_iter().fold((*content).to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
    } else {
        (*content).to_owned()
    };
    let mut answer = text(StatusCode::OK, content);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(policy) = HeaderValue::from_str(&policy(app, open)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Some(answer)
}

/// Returns the `Content-Security-Policy` of a page.
fn policy(app: &SampleApp, open: &OpenPages) -> String {
    let server = &open.server;
    let (frames, above) = if app.name == HOST {
        (origin(&open.apps.miniapp), "'none'".to_owned())
    } else {
        ("'none'".to_owned(), origin(&open.apps.host))
    };
    format!(
        "default-src 'none'; script-src 'self' {server}/sdk/; style-src 'self'; img-src 'self'; \
         connect-src 'self' {server}; frame-src {frames}; frame-ancestors {above}; base-uri 'none'; \
         form-action 'none'"
    )
}

/// Returns an answer with these bytes that must not be cached.
pub(super) fn text(status: StatusCode, content: impl Into<Bytes>) -> PageAnswer {
    let mut answer = Response::new(Either::Left(Full::new(content.into())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    answer
}
