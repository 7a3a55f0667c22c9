//! Serves the public files of apps.

use super::conditions::{FileVersion, RangePart};
use super::media_types::media_type;
use super::open::{self, Opened};
use super::public_path::{self, PublicPath};
use crate::body;
use crate::page::{plain, worker_removal};
use crate::proxy;
use crate::state::ShardState;
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

/// The most bytes that one read of a file returns.
const READ: usize = 64 * 1024;

const NOTHING: &str = "There is nothing here.\n";

/// Serves a request below `/public/` for a file of an app.
pub(crate) async fn serve(
    local: &ShardState,
    request: Request<Incoming>,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let (head, incoming) = request.into_parts();
    body::discard(&head.headers, incoming);
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "Read it with GET.\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let Some((directory, place)) = find(local, &head) else {
        return worker_removal::or_else(&head.headers, || refusal(StatusCode::NOT_FOUND, NOTHING));
    };
    let opened = tokio::task::spawn_blocking(move || open::open(&directory, &place)).await;
    match opened {
        Ok(Opened::File(file, metadata, name)) => {
            let version = FileVersion::new(metadata.len(), metadata.modified().ok());
            answer(&head, file, &version, media_type(&name), watch)
        }
        Ok(Opened::Folder) => redirect_to_folder(&head),
        Ok(Opened::Missing) => {
            worker_removal::or_else(&head.headers, || refusal(StatusCode::NOT_FOUND, NOTHING))
        }
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

/// Returns the app's directory and the public path in it.
fn find(local: &ShardState, head: &Parts) -> Option<(PathBuf, PublicPath)> {
    let behind = head.uri.path().strip_prefix("/public/")?;
    // `/public/shop` is the folder itself, requested without a slash.
    let (name, tail) = behind.split_once('/').map_or((behind, None), |(name, tail)| (name, Some(tail)));
    let entry =
        local.shared.engine.app(&AppName::parse(name).ok()?).ok().filter(|entry| entry.app.enabled)?;
    let package = entry.app.package.as_deref().filter(|package| proxy::may_serve(local, package, head))?;
    let mut place = public_path::find(&package.public, tail.unwrap_or_default())?;
    place.folder &= tail.is_some();
    Some((PathBuf::from(&package.path), place))
}

fn answer(
    head: &Parts,
    file: File,
    version: &FileVersion,
    kind: &'static str,
    watch: &Rc<Watch>,
) -> Response<Body> {
    let head_only = head.method == Method::HEAD;
    let part = if head_only { RangePart::Whole } else { version.part(&head.headers) };
    let mut response = if version.is_cached(&head.headers) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        match part {
            RangePart::Unsatisfiable => {
                let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
                put(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{}", version.length));
                return response;
            }
            RangePart::Whole if head_only || version.length == 0 => {
                let mut response = empty(StatusCode::OK);
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(version.length));
                response
            }
            RangePart::Whole => stream_range(file, (0, version.length), StatusCode::OK, watch),
            RangePart::Bytes(first, last) => {
                let length = (last - first).saturating_add(1);
                let mut response = stream_range(file, (first, length), StatusCode::PARTIAL_CONTENT, watch);
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
    // The files may change at any time: browsers may cache them but must revalidate each time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    put(headers, ETAG, &version.tag);
    if let Some(date) = version.date() {
        put(headers, LAST_MODIFIED, &date);
    }
    response
}

/// Redirects to the same path with a slash, so that relative links of a folder's page lead into the folder.
fn redirect_to_folder(head: &Parts) -> Response<Body> {
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = empty(StatusCode::PERMANENT_REDIRECT);
    put(response.headers_mut(), LOCATION, &format!("{}/{query}", head.uri.path()));
    response
}

fn stream_range(
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
    let mut response = plain(status, text).map(stream::full);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(stream::full(Full::new(Bytes::new())));
    *response.status_mut() = status;
    response
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// A range of a file, read while it is sent.
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
        let size = usize::try_from(self.left).unwrap_or(READ).min(READ);
        let mut data = vec![0; size];
        let mut buffer = ReadBuf::new(&mut data);
        ready!(Pin::new(&mut self.file).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            // The file was truncated meanwhile. Its length was announced, so the connection ends.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        data.truncate(read);
        self.left = self.left.saturating_sub(read as u64);
        Poll::Ready(Some(Ok(Frame::data(data.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
