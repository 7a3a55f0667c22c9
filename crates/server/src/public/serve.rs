//! The answer to a request for a public file.

use super::conditions::{Part, Version};
use super::kinds::kind;
use super::open::{self, Opened};
use super::path::{self, Place};
use crate::body;
use crate::page::{farewell, plain};
use crate::state::Local;
use crate::stream::{self, Body};
use crate::watch::{Length, Watch};
use bytes::Bytes;
use footbridge_model::name::AppName;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, LAST_MODIFIED, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead as _, ReadBuf};

/// What is read of a file at once, in bytes.
const PIECE: usize = 64 * 1024;

const NOTHING: &str = "There is nothing here.\n";

/// Answers a request below `/public/` that none of our own files answers.
pub(crate) async fn serve(local: &Local, request: Request<Incoming>, watch: &Rc<Watch>) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "Read it with GET.\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let Some((directory, place)) = find(local, head.uri.path()) else {
        return farewell::instead(&head.headers, || refusal(StatusCode::NOT_FOUND, NOTHING));
    };
    let opened = tokio::task::spawn_blocking(move || open::open(&directory, &place)).await;
    match opened {
        Ok(Opened::File(file, about, name)) => {
            let version = Version::new(about.len(), about.modified().ok());
            answer(&head, file, &version, kind(&name), watch)
        }
        Ok(Opened::Folder) => slash(&head),
        Ok(Opened::Nothing) => farewell::instead(&head.headers, || refusal(StatusCode::NOT_FOUND, NOTHING)),
        Ok(Opened::Failed(error)) => {
            tracing::warn!(%error, path = head.uri.path(), "a public file of an app could not be opened");
            refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The file cannot be read; the server's log says why.\n",
            )
        }
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "The file cannot be read.\n"),
    }
}

/// The directory of the app that a path names, and the place in it.
fn find(local: &Local, path: &str) -> Option<(PathBuf, Place)> {
    let behind = path.strip_prefix("/public/")?;
    // `/public/shop` is the folder itself, asked for as if it were a file.
    let (name, tail) = behind.split_once('/').map_or((behind, None), |(name, tail)| (name, Some(tail)));
    let entry =
        local.shared.engine.app(&AppName::parse(name).ok()?).ok().filter(|entry| entry.app.enabled)?;
    let package = entry.app.package.as_deref()?;
    let mut place = path::find(&package.public, tail.unwrap_or_default())?;
    place.folder &= tail.is_some();
    Some((PathBuf::from(&package.path), place))
}

fn answer(
    head: &Parts,
    file: File,
    version: &Version,
    kind: &'static str,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let head_only = head.method == Method::HEAD;
    let part = if head_only { Part::Whole } else { version.part(&head.headers) };
    let mut response = if version.is_known(&head.headers) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        match part {
            Part::Nothing => {
                let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
                put(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{}", version.length));
                return response;
            }
            Part::Whole if head_only || version.length == 0 => {
                let mut response = empty(StatusCode::OK);
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(version.length));
                response
            }
            Part::Whole => flowing(file, (0, version.length), StatusCode::OK, watch),
            Part::Bytes(first, last) => {
                let length = (last - first).saturating_add(1);
                let mut response = flowing(file, (first, length), StatusCode::PARTIAL_CONTENT, watch);
                let range = format!("bytes {first}-{last}/{}", version.length);
                put(response.headers_mut(), CONTENT_RANGE, &range);
                response
            }
        }
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // The files may change at any time: browsers keep them and ask each time whether they still hold.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    put(headers, ETAG, &version.tag);
    if let Some(date) = version.date() {
        put(headers, LAST_MODIFIED, &date);
    }
    response
}

/// To the same with a slash, so that the links of a folder's page lead into the folder.
fn slash(head: &Parts) -> Response<Body> {
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = empty(StatusCode::PERMANENT_REDIRECT);
    put(response.headers_mut(), LOCATION, &format!("{}/{query}", head.uri.path()));
    response
}

fn flowing(
    mut file: File,
    (first, length): (u64, u64),
    status: StatusCode,
    watch: &Rc<Watch>,
) -> Response<Body> {
    if let Err(error) = file.seek(SeekFrom::Start(first)) {
        tracing::warn!(%error, "a public file of an app could not be read");
        return refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The file cannot be read; the server's log says why.\n",
        );
    }
    let body = FileBody { file: tokio::fs::File::from_std(file), left: length };
    let mut response = Response::new(stream::streamed(body, (), Length::Finite, watch));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn refusal(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = plain(status, text).map(stream::whole);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(stream::whole(Full::new(Bytes::new())));
    *response.status_mut() = status;
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// A part of a file, read as it is sent.
struct FileBody {
    file: tokio::fs::File,
    left: u64,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let most = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; most];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.file).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            // It was cut short meanwhile; its length is promised, so the connection ends.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        piece.truncate(read);
        self.left = self.left.saturating_sub(read as u64);
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
