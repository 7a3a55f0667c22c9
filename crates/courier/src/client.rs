//! One attempt: takes or opens a connection, sends the request once, and reads the answer, within one deadline.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use footbridge_model::attempt::{Failure, FailureKind, Sent};
use http::Method;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::answer_reader::AnswerReader;
use crate::connection::Connection;
use crate::dial::{DialRequest, dial};
use crate::failures::{round_trip_failure, tls_failure};
use crate::head::HeadOptions;
use crate::message::{Answer, Outbound};
use crate::options::CourierShared;
use crate::pool::{ConnectionPool, ConnectionTerms};
use crate::request::RequestWriter;
use crate::round_trip::{ReadBuffer, RoundTrip};
use crate::round_trip_error::RoundTripError;
use crate::target::{Grant, Target};

/// The size of the read buffer, in bytes.
const READ_BUFFER: usize = 32 * 1024;

/// Sends requests from one thread. Clones share the idle connections.
///
/// Must be used inside a [`tokio::task::LocalSet`], because a local task closes idle connections.
#[derive(Debug, Clone)]
pub struct Courier {
    pub(crate) inner: Rc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) shared: Arc<CourierShared>,
    pool: Rc<ConnectionPool>,
    pub(crate) buffer: ReadBuffer,
}

impl Courier {
    /// Creates a courier for the current thread.
    pub fn new(shared: Arc<CourierShared>) -> Self {
        let pool = ConnectionPool::new(shared.idle);
        let buffer = ReadBuffer::new(vec![0; READ_BUFFER].into());
        Self { inner: Rc::new(Inner { shared, pool, buffer }) }
    }

    /// Sends a request and returns its answer. Makes exactly one attempt.
    ///
    /// The request is written a second time only if an idle connection turns out to be closed before the first byte was
    /// sent. Dropping the future ends the attempt and closes its connection.
    ///
    /// # Errors
    /// [`Failure`] if there is no answer, or only part of one that must be complete ([`Outbound::answer`]). It says why,
    /// and whether the receiver may have got the request.
    pub async fn send(&self, out: Outbound) -> Result<Answer, Failure> {
        self.inner.attempt(out, true).await
    }

    /// Like [`Courier::send`], but leaves the headers of the answer empty, which saves copying them.
    ///
    /// # Errors
    /// As [`Courier::send`].
    pub async fn send_for_body(&self, out: Outbound) -> Result<Answer, Failure> {
        self.inner.attempt(out, false).await
    }

    /// The number of idle connections of this thread.
    pub fn idle_connections(&self) -> usize {
        self.inner.pool.len()
    }

    #[cfg(test)]
    pub(crate) fn cut_idle_connections(&self) {
        self.inner.pool.cut_all();
    }
}

impl Inner {
    async fn attempt(&self, out: Outbound, keep_headers: bool) -> Result<Answer, Failure> {
        let now = Instant::now();
        if out.deadline <= now {
            return Err(Failure::before(FailureKind::Timeout, "the deadline had passed before the start"));
        }
        let Outbound { target, app, grants, roots, method, headers, body, deadline, answer: limit, written } =
            out;
        let terms = ConnectionTerms { granted: Grant::opened_by(&grants, &target), roots };
        let mut request = RequestWriter::new(&target, &method, &headers, body, &self.shared.preamble);
        drop(headers);
        request.notify_when_written(written);
        let options = HeadOptions { no_body: method == Method::HEAD, keep_headers };
        let mut timer = pin!(sleep_until(deadline));
        loop {
            let pooled = self.pool.take(target.origin(), &terms, now).await;
            let is_pooled = pooled.is_some();
            let mut connection = match pooled {
                Some(connection) => connection,
                // Boxed, because it is rare and far larger than the rest of an attempt.
                None => Box::pin(self.open(&target, &terms, &app, deadline)).await?,
            };
            let mut reader = AnswerReader::new(limit, options);
            let mut round_trip = RoundTrip {
                connection: &mut connection,
                request: &mut request,
                answer: &mut reader,
                buffer: &self.buffer,
                first_byte: None,
            };
            let ended = round_trip.run(timer.as_mut()).await;
            if let Err(RoundTripError::Io(_) | RoundTripError::Closed) = ended
                && is_pooled
                && !request.may_be_sent()
            {
                continue;
            }
            let (answer, reusable_for) = finish(ended, &request, reader)?;
            if let Some(limit) = reusable_for {
                self.pool.put(target.origin(), terms, connection, limit);
            }
            return Ok(answer);
        }
    }

    async fn open(
        &self,
        target: &Target,
        terms: &ConnectionTerms,
        app: &str,
        deadline: Instant,
    ) -> Result<Connection, Failure> {
        let opened = timeout_at(deadline, self.dial(target, terms, app, deadline)).await;
        opened.unwrap_or_else(|_| {
            Err(Failure::before(FailureKind::Timeout, "no connection within the deadline"))
        })
    }

    async fn dial(
        &self,
        target: &Target,
        terms: &ConnectionTerms,
        app: &str,
        deadline: Instant,
    ) -> Result<Connection, Failure> {
        let request = DialRequest { target, granted: terms.granted, app, deadline };
        let stream = dial(self.shared.network(), request).await?;
        let Some(name) = target.server_name() else { return Ok(Connection::Plain(stream)) };
        let connector = self.shared.tls.connector(terms.roots.as_deref()).await?;
        let tls = connector.connect(name.clone(), stream).await;
        Ok(Connection::Tls(Box::new(tls.map_err(|error| tls_failure(target.host(), &error))?)))
    }
}

/// The answer of a round trip. The second value is set if the connection can be used again; it holds the receiver's own
/// limit for idle connections, if there is one.
pub(crate) fn finish(
    ended: Result<(), RoundTripError>,
    request: &RequestWriter,
    reader: AnswerReader,
) -> Result<(Answer, Option<Option<Duration>>), Failure> {
    let sent = if request.may_be_sent() { Sent::Perhaps } else { Sent::Nothing };
    let has_head = reader.has_head();
    let truncated = ended.is_err();
    if let Err(error) = ended
        && !reader.is_sufficient()
    {
        return Err(round_trip_failure(&error, sent, has_head));
    }
    let Some((answer, reusable_for)) = reader.into_answer(truncated) else {
        return Err(round_trip_failure(&RoundTripError::Closed, sent, has_head));
    };
    Ok((answer, reusable_for.filter(|_| request.is_complete())))
}
