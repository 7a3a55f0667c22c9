//! Files that are built into the program: the SDK, Bolt's page scripts and the Socket.IO client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use footbridge_model::secret::digest;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;

const JS: &str = "text/javascript; charset=utf-8";
const TS: &str = "application/typescript; charset=utf-8";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file with its media type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($dir:literal, $($name:literal $kind:ident),* $(,)?) => {
        [$(File { name: $name, kind: $kind, bytes: include_bytes!(concat!($dir, $name)) }),*]
    };
}

const SDK: [File; 14] = files!(
    "../../../../sdk/js/",
    "host.js" JS, "host.d.ts" TS, "miniapp.js" JS, "miniapp.d.ts" TS, "wire.js" JS, "wire.d.ts" TS,
    "boxo.js" JS, "boxo.d.ts" TS, "forward.js" JS, "forward.d.ts" TS, "native.js" JS, "native.d.ts" TS,
    "types.js" JS, "types.d.ts" TS,
);

const SCRIPTS: [File; 3] = files!("scripts/", "bolt.env.js" JS, "bolt.request.js" JS, "bolt.events.js" JS);

const CLIENT: File =
    File { name: "socket.io.js", kind: JS, bytes: include_bytes!("assets/socket.io-client-4.8.3.min.js") };
const CLIENT_MODULE: File = File {
    name: "socket.io.esm.min.js",
    kind: JS,
    bytes: include_bytes!("assets/socket.io-client-4.8.3.esm.min.js"),
};

/// Finds the file at this path.
pub(crate) fn find(path: &str) -> Option<&'static File> {
    let of = |files: &'static [File], name: &str| files.iter().find(|file| file.name == name);
    if let Some(name) = path.strip_prefix("/sdk/") {
        return of(&SDK, name);
    }
    match path.strip_prefix("/socket.io/") {
        Some("socket.io.js" | "socket.io.min.js") => return Some(&CLIENT),
        Some("socket.io.esm.min.js") => return Some(&CLIENT_MODULE),
        _ => {}
    }
    // Bolt serves this folder under any name, and its pages use several.
    let (_, name) = path.strip_prefix("/public/")?.rsplit_once("native/js/")?;
    of(&SCRIPTS, name)
}

/// Serves a file, or 404 if there is none.
pub(crate) fn serve(file: Option<&'static File>, head: &Parts) -> Response<Full<Bytes>> {
    let Some(file) = file else { return plain(StatusCode::NOT_FOUND, "There is nothing here.\n") };
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Read it with GET.\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        return response;
    }
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(file.bytes)).get(..16).unwrap_or_default());
    let tag = HeaderValue::from_str(&tag).ok();
    let fresh = tag.as_ref().is_some_and(|tag| is_known(&head.headers, tag));
    let body = if fresh { Bytes::new() } else { Bytes::from_static(file.bytes) };
    let mut response = Response::new(Full::new(body));
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.kind));
    // Short, so that pages get a new version soon after the server is updated. Afterwards they revalidate by tag.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
    response
}

/// Returns true if the client says (`If-None-Match`) that it has the document with this tag.
pub(crate) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_path() {
        for (path, found) in [
            ("/sdk/host.js", true),
            ("/sdk/miniapp.d.ts", true),
            ("/sdk/package.json", false),
            ("/sdk/../state.rs", false),
            ("/socket.io/socket.io.js", true),
            ("/socket.io/", false),
            ("/public/bolt/native/js/bolt.env.js", true),
            ("/public/native/js/bolt.events.js", true),
            ("/public/x/y/native/js/bolt.request.js", true),
            ("/public/bolt.env.js", false),
        ] {
            assert_eq!(find(path).is_some(), found, "{path}");
        }
    }

    #[test]
    fn every_import_of_the_sdk_is_served() {
        for file in &SDK {
            let text = std::str::from_utf8(file.bytes).unwrap();
            let named = ["from \"./", "import(\"./"].into_iter().flat_map(|word| text.split(word).skip(1));
            for import in named {
                let name = import.split('"').next().unwrap();
                assert!(SDK.iter().any(|file| file.name == name), "{name}");
            }
        }
    }
}
