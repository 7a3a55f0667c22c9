//! The console's files: the shell at every address of a screen, and everything else under the name of its version.

/// Part of the build script; here for its tests only.
#[cfg(test)]
#[allow(dead_code)]
mod pack;
#[cfg(test)]
mod tests;

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file of the console.
struct Asset {
    /// Path below the folder of the version.
    path: &'static str,
    media_type: &'static str,
    /// Content, compressed with gzip.
    packed: &'static [u8],
}

/// The policy of every page of the console: its own files and nothing else, and no script made from a text.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// Names the version of the console. A page that was loaded earlier compares it with its own.
pub const VERSION_HEADER: HeaderName = HeaderName::from_static("footbridge-console");

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// First segments of paths that belong to others, so that an unknown one is not answered with the shell.
const OTHERS: &[&str] = &[
    "api",
    "docs",
    "favicon.ico",
    "healthz",
    "livez",
    "metrics",
    "openapi.json",
    "public",
    "readyz",
    "robots.txt",
    "sdk",
    "x",
];

/// Answers a request for a file or a screen of the console.
///
/// `base` is the path below which the console lives, without a slash at the end; empty for the root. Returns `None` if
/// the request is not for the console.
pub fn serve(head: &Parts, base: &str) -> Option<Response<Bytes>> {
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = head.uri.path().strip_prefix(base)?;
    let path = if path.is_empty() { "" } else { path.strip_prefix('/')? };
    let mut response = match path.split('/').next() {
        Some("console") => file(path.strip_prefix("console/").unwrap_or_default(), &head.headers),
        Some(first) if OTHERS.contains(&first) => return None,
        _ => shell(path, base),
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if head.method == Method::HEAD {
        let length = response.body().len();
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        *response.body_mut() = Bytes::new();
    }
    Some(response)
}

/// Returns a file of this version, which never changes.
fn file(path: &str, asked: &HeaderMap) -> Response<Bytes> {
    let known = path.split_once('/').filter(|(version, _)| *version == VERSION);
    let Some(asset) = known.and_then(|(_, path)| ASSETS.iter().find(|asset| asset.path == path)) else {
        let mut response = Response::new(Bytes::from_static(
            b"This file belongs to another version of the console. Reload the page.\n",
        ));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    };
    let packed = takes_gzip(asked);
    let body = if packed { Bytes::from_static(asset.packed) } else { unpack(asset.packed) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Returns true if the client takes gzip, as every browser does.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").and_then(|quality| quality.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && quality.is_none_or(|quality| quality > 0.0)
    })
}

/// Returns the content for a client without gzip.
fn unpack(packed: &[u8]) -> Bytes {
    let mut content = Vec::new();
    // The build compressed it, so it can be read; a fault would show as a file that is cut.
    let _ = GzDecoder::new(packed).read_to_end(&mut content);
    Bytes::from(content)
}

/// Returns the page that every screen starts with. It is asked for each time, so that a new version is seen at once.
fn shell(path: &str, base: &str) -> Response<Bytes> {
    let base = escape(base);
    let assets = format!("{base}/console/{VERSION}");
    let early = BASE.iter().chain(if path.is_empty() { FIRST } else { OTHERS_NEED });
    let preload = early.map(|file| format!("<link rel=\"modulepreload\" href=\"{assets}/{file}\" />"));
    let page = SHELL
        .replace("{{preload}}", &preload.collect::<Vec<_>>().join("\n    "))
        .replace("{{assets}}", &assets)
        .replace("{{version}}", VERSION)
        .replace("{{base}}", &base);
    let mut response = Response::new(Bytes::from(page));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A file has no policy of its own: the page that loads it decides, and forty of them should stay small.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    response
}

/// Returns a text for an attribute of HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
