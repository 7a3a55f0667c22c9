//! The pages of the sample apps: files in the binary, and the headers that keep others out.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY},
};
use http_body_util::{Either, Full};

use super::{
    cast::{HOST, MINIAPP, Player},
    front::{Feed, Open},
};

/// The body of an answer of a sample app.
pub(super) type Answer = Response<Either<Full<Bytes>, Feed>>;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Whose it is (`None`: everyone's), its path, its type, its text.
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

/// Where a page of this app is.
pub(super) fn origin(player: &Player) -> String {
    player.address.map(|address| format!("http://{address}")).unwrap_or_default()
}

/// Whether the request means this app by the name it goes by. Another name that leads here may be somebody else's
/// trick to make a browser believe that his page and ours are one.
pub(super) fn named(player: &Player, headers: &HeaderMap) -> bool {
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    player.address.is_some_and(|address| host == Some(&address.to_string()))
}

/// Whether the request comes from a page of this app.
pub(super) fn own(player: &Player, headers: &HeaderMap) -> bool {
    headers.get(http::header::ORIGIN).is_some_and(|given| *given == origin(player))
}

/// The way to the name that the app goes by.
pub(super) fn elsewhere(player: &Player, method: &Method) -> Answer {
    let mut answer = text(StatusCode::MISDIRECTED_REQUEST, "this app goes by another name");
    if let (&Method::GET, Ok(there)) = (method, HeaderValue::from_str(&format!("{}/", origin(player)))) {
        *answer.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        answer.headers_mut().insert(LOCATION, there);
    }
    answer
}

/// The file at this path.
pub(super) fn file(player: &Player, open: &Open, path: &str) -> Option<Answer> {
    let its = |file: &&File| file.1 == path && file.0.is_none_or(|owner| owner == player.name);
    let (_, _, kind, content) = FILES.iter().find(its)?;
    let (host, shop) = (origin(&open.cast.host), origin(&open.cast.miniapp));
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
    if let Ok(policy) = HeaderValue::from_str(&policy(player, open)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Some(answer)
}

/// What a page may load, whom it may talk to, who may embed it.
fn policy(player: &Player, open: &Open) -> String {
    let server = &open.server;
    let (frames, above) = if player.name == HOST {
        (origin(&open.cast.miniapp), "'none'".to_owned())
    } else {
        ("'none'".to_owned(), origin(&open.cast.host))
    };
    format!(
        "default-src 'none'; script-src 'self' {server}/sdk/; style-src 'self'; img-src 'self'; \
         connect-src 'self' {server}; frame-src {frames}; frame-ancestors {above}; base-uri 'none'; \
         form-action 'none'"
    )
}

/// An answer with these bytes, for no one but who asked.
pub(super) fn text(status: StatusCode, content: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(content.into())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    answer
}
