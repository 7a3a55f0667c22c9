//! `GET /api/v1/events/stream`: server-sent events.

use super::cursor::Cursor;
use super::cursor_token::CursorToken;
use super::resume::{Next, Resume};
use crate::live_sessions::{ConnectionPermit, PageAuth};
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use crate::query;
use crate::state::ShardState;
use crate::stream::{self, Body, PartsBody};
use crate::watch::{Length, Watch};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use footbridge_engine::{Engine, PageEvent, WatchItem, Watcher};
use footbridge_model::id::EventId;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Response};
use http_body_util::Either;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// After this long without an event a comment keeps the connection alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The first frame of every stream: the time that a browser waits before it reconnects.
const RETRY: &[u8] = b"retry: 2000\n\n";
/// Tells nginx not to buffer the stream.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Streams the events of the page's app until the page leaves.
pub(crate) fn stream(local: &Rc<ShardState>, head: &Parts, watch: &Rc<Watch>) -> Response<Body> {
    open(local, head, watch).unwrap_or_else(|problem| {
        let method = problem.code() == ProblemCode::MethodNotAllowed;
        let mut response = problem.into_response().map(|body| Either::Right(Either::Left(body)));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if method {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, OPTIONS"));
        }
        response
    })
}

fn open(local: &Rc<ShardState>, head: &Parts, watch: &Rc<Watch>) -> Result<Response<Body>, Problem> {
    if head.method != Method::GET {
        return Err(Problem::new(ProblemCode::MethodNotAllowed, "read the stream with GET"));
    }
    let auth = local.shared.live.authenticator.authenticate(head, None).map_err(|why| {
        local.shared.metrics.auth_failure(Surface::Live);
        Problem::new(ProblemCode::Unauthorized, format!("the page is not authenticated: {why}"))
    })?;
    let engine = local.shared.engine.clone();
    if engine.is_draining() {
        return Err(Problem::new(
            ProblemCode::Draining,
            "the server is shutting down; reconnect when it runs again",
        ));
    }
    let permit = local.shared.live.connection_limit.acquire().ok_or_else(|| {
        Problem::new(
            ProblemCode::Unavailable,
            "the server has as many live connections as it allows; try again later",
        )
    })?;
    let source = EventSource::new(engine, auth, resume_after(head), permit);
    let body = PartsBody::new(source, |source| Box::pin(source.next()));
    // Not ended when the server begins to drain: a page that reconnects then is refused, and an `EventSource` does not
    // retry after a refusal.
    let mut response = Response::new(stream::streamed(body, (), Length::UntilClose, watch));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// Returns the position after which the page resumes; `Some(None)` if its cursor is unknown to this server.
fn resume_after(head: &Parts) -> Option<Option<EventId>> {
    let header = head.headers.get("last-event-id").map(|value| value.to_str().ok().map(str::to_owned));
    let parameter = || query::single(head.uri.query(), "last_event_id").ok().flatten();
    let cursor = header.or_else(|| parameter().map(|value| Some(value.into_owned())))?;
    let text = cursor.unwrap_or_default();
    (!text.is_empty()).then(|| text.parse().ok().map(|CursorToken(id)| id))
}

/// Produces the frames of one stream.
struct EventSource {
    engine: Engine,
    auth: PageAuth,
    resume: Option<Resume>,
    watcher: Option<Watcher>,
    /// Events sent from the journal that the watcher may receive as well.
    both: BTreeSet<EventId>,
    cursor: Cursor,
    out: VecDeque<Bytes>,
    heartbeat_at: Instant,
    _permit: ConnectionPermit,
}

impl EventSource {
    fn new(
        engine: Engine,
        auth: PageAuth,
        last_seen: Option<Option<EventId>>,
        permit: ConnectionPermit,
    ) -> Self {
        let resume = last_seen.flatten().map(Resume::after);
        let watcher = if resume.is_none() { engine.watch(&auth.app) } else { None };
        let mut out = VecDeque::from([Bytes::from_static(RETRY)]);
        if last_seen == Some(None) {
            out.push_back(gap(None));
        }
        let (cursor, heartbeat_at) = (Cursor::at(last_seen.flatten()), Instant::now() + HEARTBEAT);
        let both = BTreeSet::new();
        Self { engine, auth, resume, watcher, both, cursor, out, heartbeat_at, _permit: permit }
    }

    async fn next(mut self) -> Option<(Self, Bytes)> {
        loop {
            // A page may read slowly, so its proof is checked before every frame.
            self.engine.app_by_proof(&self.auth.app)?;
            if let Some(bytes) = self.out.pop_front() {
                return Some((self, bytes));
            }
            if !self.resume().await {
                self.listen().await?;
            }
            self.heartbeat_at = Instant::now() + HEARTBEAT;
        }
    }

    /// Sends the next missed event. Returns false if the resume is over.
    async fn resume(&mut self) -> bool {
        let Some(resume) = &mut self.resume else { return false };
        match resume.next(&self.engine, &self.auth.app, &mut self.watcher, &mut self.both).await {
            Next::Event(event) => self.push(&event),
            Next::Gap => self.out.push_back(gap(None)),
            Next::End => self.resume = None,
        }
        true
    }

    async fn listen(&mut self) -> Option<()> {
        let watcher = self.watcher.as_mut()?;
        // Read before the watcher is polled: when the watcher is empty then, all events up to this watermark were sent.
        let watermark = self.cursor.is_behind().then(|| self.engine.watermark());
        let heard = tokio::select! {
            biased;
            heard = watcher.next() => heard?,
            () = tokio::time::sleep_until(self.heartbeat_at) => {
                self.both.clear();
                let advanced = watermark.and_then(|watermark| self.cursor.advance(watermark));
                self.out.push_back(advanced.unwrap_or(Bytes::from_static(b":\n\n")));
                return Some(());
            }
        };
        match heard {
            WatchItem::Event(event) if self.both.remove(&event.event.id) => {
                self.out.extend(self.cursor.advance(event.watermark));
            }
            WatchItem::Event(event) => self.push(&event),
            WatchItem::Missed(count) => self.out.push_back(gap(Some(count))),
        }
        Some(())
    }

    fn push(&mut self, PageEvent { event, watermark, json }: &PageEvent) {
        if !self.auth.covers(event) {
            return;
        }
        let begin = self.cursor.begin(event.id, *watermark);
        // All streams share the bytes of the event.
        self.out.extend([begin, json.clone(), Bytes::from_static(b"\n\n")]);
        self.out.extend(self.cursor.advance(*watermark));
    }
}

/// Returns a frame that says that events were missed, and how many if that is known.
fn gap(missed: Option<u64>) -> Bytes {
    let missed = missed.map_or_else(|| "null".to_owned(), |count| count.to_string());
    format!("event: gap\ndata: {{\"missed\":{missed}}}\n\n").into()
}
