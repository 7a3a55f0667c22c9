//! One attempt: take or open a connection, send once, read what comes back, all within one deadline.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use footbridge_model::attempt::{Failure, FailureKind, Sent};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use crate::capture::{AnswerLimit, capture};
use crate::classify::{exchange_failure, tls_failure};
use crate::dial::dial;
use crate::message::{Answer, Outbound};
use crate::options::CourierShared;
use crate::pool::{Link, Pool};
use crate::request::{Parcel, build};
use crate::target::Target;
use crate::wire::{Meter, Stream, Wire};

/// Most header lines of an answer.
const MAX_HEADERS: usize = 64;

/// Largest head of an answer, and largest piece of a body read at once, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// Sends requests from one thread. Clones share the pool of connections.
///
/// Must be used inside a [`tokio::task::LocalSet`], since connections live in local tasks.
#[derive(Debug, Clone)]
pub struct Courier {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<CourierShared>,
    pool: Rc<Pool>,
    http: http1::Builder,
}

/// How far an attempt has come, for the word on its end at the deadline.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Connecting,
    Waiting,
}

/// An answer whose head has come.
struct Begun {
    target: Arc<Target>,
    granted: bool,
    link: Link,
    response: Response<Incoming>,
}

impl Courier {
    /// A courier for the thread it is made on.
    pub fn new(shared: Arc<CourierShared>) -> Self {
        let mut http = http1::Builder::new();
        http.max_headers(MAX_HEADERS).max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD);
        let pool = Pool::new(shared.idle);
        Self { inner: Rc::new(Inner { shared, pool, http }) }
    }

    /// Makes exactly one attempt. It is sent again only where provably no byte of it had left: on a pooled connection
    /// that turns out to be closed.
    ///
    /// Dropping the future gives the attempt up and closes its connection.
    ///
    /// # Errors
    /// No answer, or not all of one that is only good whole: the [`Failure`] says why and whether the receiver may have seen the request.
    pub async fn send(&self, out: Outbound) -> Result<Answer, Failure> {
        let phase = Cell::new(Phase::Connecting);
        let (deadline, limit) = (out.deadline, out.answer);
        match timeout_at(deadline, self.inner.ask(out, &phase)).await {
            // What the deadline means from here on is for the limit to say.
            Ok(begun) => self.inner.receive(begun?, limit, deadline).await,
            Err(_) => Err(match phase.get() {
                Phase::Connecting => {
                    Failure::before(FailureKind::Timeout, "no connection within the deadline")
                }
                Phase::Waiting => Failure::after(FailureKind::Timeout, "no answer within the deadline"),
            }),
        }
    }

    /// How many connections this thread keeps idle.
    pub fn idle_connections(&self) -> usize {
        self.inner.pool.len()
    }

    #[cfg(test)]
    pub(crate) fn cut_idle_connections(&self) {
        self.inner.pool.cut_all();
    }
}

impl Inner {
    async fn ask(&self, out: Outbound, phase: &Cell<Phase>) -> Result<Begun, Failure> {
        if out.deadline <= Instant::now() {
            return Err(Failure::before(FailureKind::Timeout, "the deadline had passed before the start"));
        }
        let Outbound { target, grants, method, headers, body, deadline, written, .. } = out;
        let granted = grants.iter().any(|grant| grant.covers(&target));
        let parcel = Parcel::new(body, written);
        let mut request = build(&target, method, headers, parcel, &self.shared.user_agent);
        loop {
            phase.set(Phase::Connecting);
            let (mut link, pooled) = match self.pool.take(target.origin(), granted).await {
                Some(link) => (link, true),
                // Boxed: rare, and far larger than the rest of an attempt.
                None => (Box::pin(self.open(&target, granted, deadline)).await?, false),
            };
            match exchange(&mut link, request, phase).await {
                Ok(response) => return Ok(Begun { target, granted, link, response }),
                Err(Unanswered { unsent: Some(unsent), .. }) if pooled => request = unsent,
                Err(Unanswered { failure, .. }) => return Err(failure),
            }
        }
    }

    async fn open(&self, target: &Target, granted: bool, deadline: Instant) -> Result<Link, Failure> {
        let shared = &*self.shared;
        let tcp = dial(&shared.policy, &*shared.resolver, target, granted, deadline).await?;
        let stream = match target.server_name() {
            None => Stream::Plain(tcp),
            Some(name) => {
                let connector = shared.tls.connector().await?;
                let tls = connector.connect(name.clone(), tcp).await;
                Stream::Tls(Box::new(tls.map_err(|error| tls_failure(target.host(), &error))?))
            }
        };
        let meter = Rc::new(Meter::default());
        let wire = TokioIo::new(Wire::new(stream, Rc::clone(&meter)));
        let (sender, connection) = self
            .http
            .handshake::<_, Parcel>(wire)
            .await
            .map_err(|error| exchange_failure(&error, Sent::Nothing))?;
        let task = tokio::task::spawn_local(async move {
            // Whoever waits for an answer is told through the request; an idle end interests nobody.
            let _ = connection.await;
        });
        Ok(Link::new(sender, meter, task))
    }

    async fn receive(&self, begun: Begun, limit: AnswerLimit, deadline: Instant) -> Result<Answer, Failure> {
        let Begun { target, granted, link, response } = begun;
        let (head, body) = response.into_parts();
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::after(FailureKind::Malformed, "the receiver switched protocols unasked"));
        }
        let captured = capture(body, limit, deadline).await?;
        if !captured.truncated {
            self.pool.put(target.origin(), granted, link, idle_hint(&head.headers));
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: captured.body,
            truncated: captured.truncated,
        })
    }
}

struct Unanswered {
    failure: Failure,
    /// The request, when none of it was written.
    unsent: Option<Request<Parcel>>,
}

async fn exchange(
    link: &mut Link,
    mut request: Request<Parcel>,
    phase: &Cell<Phase>,
) -> Result<Response<Incoming>, Unanswered> {
    request.body_mut().load(&link.meter);
    let mark = link.meter.written();
    phase.set(Phase::Waiting);
    link.sender.try_send_request(request).await.map_err(|mut error| {
        let unsent = error.take_message();
        let nothing = unsent.is_some() || link.meter.written() == mark;
        let sent = if nothing { Sent::Nothing } else { Sent::Perhaps };
        Unanswered { failure: exchange_failure(error.error(), sent), unsent }
    })
}

/// One second less than the peer's `Keep-Alive: timeout=N`.
fn idle_hint(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?;
    seconds.trim().parse::<u32>().ok().map(|n| Duration::from_secs(u64::from(n.saturating_sub(1))))
}
