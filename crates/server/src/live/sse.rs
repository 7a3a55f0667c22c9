//! `GET /api/v1/events/stream`: server-sent events.

use super::cursor::Cursor;
use super::resume::{Next, Resume};
use crate::audience::{Proof, Seat, query};
use crate::metrics::Surface;
use crate::problem::{Problem, ProblemCode};
use crate::state::Local;
use crate::stream::{self, Body};
use crate::watch::{Length, Watch};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use footbridge_engine::{Engine, PageEvent, WatchItem, Watcher};
use footbridge_model::id::EventId;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{HeaderName, Method, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::Either;
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// After so long without an event a comment shows that the stream lives.
const BEAT: Duration = Duration::from_secs(15);
/// Begins every stream; a page that lost it waits so long before it asks again.
const HELLO: &[u8] = b"retry: 2000\n\n";
/// nginx holds answers back unless told.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Answers with the events of the app that the page proves, for as long as it stays.
pub(crate) fn stream(local: &Rc<Local>, head: &Parts, watch: &Rc<Watch>) -> Response<Body> {
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

fn open(local: &Rc<Local>, head: &Parts, watch: &Rc<Watch>) -> Result<Response<Body>, Problem> {
    if head.method != Method::GET {
        return Err(Problem::new(ProblemCode::MethodNotAllowed, "read the stream with GET"));
    }
    let proof = local.shared.live.proofs.of(head, None).map_err(|why| {
        local.shared.metrics.auth_failure(Surface::Live);
        Problem::new(ProblemCode::Unauthorized, format!("no proof of an app: {why}"))
    })?;
    let engine = local.shared.engine.clone();
    if engine.is_draining() {
        return Err(Problem::new(
            ProblemCode::Draining,
            "the server is shutting down; come back when it runs again",
        ));
    }
    let seat = local.shared.live.seats.take().ok_or_else(|| {
        Problem::new(ProblemCode::Unavailable, "as many pages are connected as may be; try again later")
    })?;
    let source = Source::new(engine, proof, last_seen(head), seat);
    let body = Events { next: Box::pin(source.next()) };
    // A page whose stream ended while the server drains would come back to a refusal, after which an `EventSource` tries
    // no more.
    let mut response = Response::new(stream::streamed(body, (), Length::UntilClose, watch));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// What the page saw last; `Some(None)` when that is no event of ours.
fn last_seen(head: &Parts) -> Option<Option<EventId>> {
    let header = head.headers.get("last-event-id").map(|value| value.to_str().ok().map(str::to_owned));
    let given =
        header.or_else(|| query::single(head.uri.query(), "last_event_id").ok().flatten().map(Some))?;
    let text = given.unwrap_or_default();
    (!text.is_empty()).then(|| text.parse().ok())
}

/// Where the frames come from.
struct Source {
    engine: Engine,
    proof: Proof,
    resume: Option<Resume>,
    watcher: Option<Watcher>,
    /// What the journal told and the watcher may tell again.
    both: BTreeSet<EventId>,
    cursor: Cursor,
    out: VecDeque<Bytes>,
    beat: Instant,
    _seat: Seat,
}

impl Source {
    fn new(engine: Engine, proof: Proof, last_seen: Option<Option<EventId>>, seat: Seat) -> Self {
        let resume = last_seen.flatten().map(Resume::after);
        let watcher = if resume.is_none() { engine.watch(&proof.app) } else { None };
        let mut out = VecDeque::from([Bytes::from_static(HELLO)]);
        if last_seen == Some(None) {
            out.push_back(gap(None));
        }
        let (cursor, beat) = (Cursor::at(last_seen.flatten()), Instant::now() + BEAT);
        Self { engine, proof, resume, watcher, both: BTreeSet::new(), cursor, out, beat, _seat: seat }
    }

    async fn next(mut self) -> Option<(Self, Bytes)> {
        loop {
            // A page may read as slowly as it likes: what it has proved is looked at whenever it is told something.
            self.engine.app_by_proof(&self.proof.app)?;
            if let Some(bytes) = self.out.pop_front() {
                return Some((self, bytes));
            }
            if !self.resume().await {
                self.listen().await?;
            }
            self.beat = Instant::now() + BEAT;
        }
    }

    /// Whether there was something from the journal.
    async fn resume(&mut self) -> bool {
        let Some(resume) = &mut self.resume else { return false };
        match resume.next(&self.engine, &self.proof.app, &mut self.watcher, &mut self.both).await {
            Next::Event(event) => self.tell(&event),
            Next::Gap => self.out.push_back(gap(None)),
            Next::End => self.resume = None,
        }
        true
    }

    async fn listen(&mut self) -> Option<()> {
        let watcher = self.watcher.as_mut()?;
        // Asked before the watcher is: it has nothing then of what is settled by now.
        let settled = self.cursor.is_ahead().then(|| self.engine.settled());
        let heard = tokio::select! {
            biased;
            heard = watcher.next() => heard?,
            () = tokio::time::sleep_until(self.beat) => {
                self.both.clear();
                let caught_up = settled.and_then(|settled| self.cursor.catch_up(settled));
                self.out.push_back(caught_up.unwrap_or(Bytes::from_static(b":\n\n")));
                return Some(());
            }
        };
        match heard {
            WatchItem::Event(event) if self.both.remove(&event.event.id) => {
                self.out.extend(self.cursor.catch_up(event.settled));
            }
            WatchItem::Event(event) => self.tell(&event),
            WatchItem::Missed(count) => self.out.push_back(gap(Some(count))),
        }
        Some(())
    }

    fn tell(&mut self, PageEvent { event, settled, json }: &PageEvent) {
        if !self.proof.covers(event) {
            return;
        }
        let begin = self.cursor.begin(event.id, *settled);
        // The event itself is shared by all streams that tell it.
        self.out.extend([begin, json.clone(), Bytes::from_static(b"\n\n")]);
        self.out.extend(self.cursor.catch_up(*settled));
    }
}

/// Says that events were missed, and how many if that is known.
fn gap(missed: Option<u64>) -> Bytes {
    let missed = missed.map_or_else(|| "null".to_owned(), |count| count.to_string());
    format!("event: gap\ndata: {{\"missed\":{missed}}}\n\n").into()
}

type Coming = Pin<Box<dyn Future<Output = Option<(Source, Bytes)>>>>;

/// The frames as a body.
struct Events {
    next: Coming,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some((source, bytes)) = ready!(self.next.as_mut().poll(cx)) else {
            self.next = Box::pin(std::future::pending());
            return Poll::Ready(None);
        };
        self.next = Box::pin(source.next());
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
