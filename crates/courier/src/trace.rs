//! One attempt on a connection of its own, with everything that can be observed of it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use footbridge_model::attempt::{Failure, FailureKind};
use http::Method;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::answer_reader::AnswerReader;
use crate::client::{Courier, Inner, finish};
use crate::connection::Connection;
use crate::dial::{DialRequest, allowed_addresses, dial_any};
use crate::failures::tls_failure;
use crate::head::HeadOptions;
use crate::message::{Answer, Outbound};
use crate::request::RequestWriter;
use crate::round_trip::RoundTrip;
use crate::target::Grant;

/// The durations of the parts of an attempt. A part that was not reached has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Looking the name up and judging its addresses.
    pub name: Option<Duration>,
    /// Opening the TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake, for https only.
    pub tls: Option<Duration>,
    /// From the first byte that was sent to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// The complete attempt, from the name to the answer.
    pub total: Duration,
}

/// An attempt and what was observed of it.
#[derive(Debug)]
pub struct Traced {
    /// The answer, or why there is none.
    pub result: Result<Answer, Failure>,
    /// The headers of the request as they were sent, in order. They contain credentials.
    pub headers: Vec<(String, String)>,
    /// The address that was dialled.
    pub address: Option<SocketAddr>,
    /// The judgement of the address policy, in words.
    pub verdict: String,
    /// How long the parts took.
    pub timing: Timing,
}

impl Courier {
    /// Sends a request as [`Courier::send`] does, on a new connection that is closed afterwards, and reports what could be
    /// observed.
    pub async fn send_traced(&self, out: Outbound) -> Traced {
        self.trace(out, None).await
    }

    /// As [`Courier::send_traced`], but holds the second half of the body back for a while.
    pub async fn send_slowly(&self, out: Outbound, pause: Duration) -> Traced {
        self.trace(out, Some(pause)).await
    }

    async fn trace(&self, out: Outbound, pause: Option<Duration>) -> Traced {
        let started = Instant::now();
        let shared = &self.inner.shared;
        let mut request =
            RequestWriter::new(&out.target, &out.method, &out.headers, out.body.clone(), &shared.preamble);
        if let Some(pause) = pause {
            request.hold_second_half(pause);
        }
        let mut traced = Traced {
            result: Err(Failure::before(FailureKind::Timeout, "no connection within the deadline")),
            headers: request.headers(),
            address: None,
            verdict: "not judged: the name has no address".to_owned(),
            timing: Timing::default(),
        };
        traced.result = match timeout_at(out.deadline, self.inner.connect_traced(&out, &mut traced)).await {
            Ok(Ok(connection)) => self.inner.exchange_traced(out, request, connection, &mut traced).await,
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::before(FailureKind::Timeout, "no connection within the deadline")),
        };
        traced.timing.total = started.elapsed();
        traced
    }
}

impl Inner {
    async fn connect_traced(&self, out: &Outbound, traced: &mut Traced) -> Result<Connection, Failure> {
        let (network, target) = (self.shared.network(), &*out.target);
        let granted = Grant::opened_by(&out.grants, target);
        let request = DialRequest { target, granted, app: &out.app, deadline: out.deadline };
        let started = Instant::now();
        let found = allowed_addresses(network, request).await;
        traced.timing.name = Some(started.elapsed());
        let addresses = found.inspect_err(|failure| {
            if failure.kind == FailureKind::Blocked {
                traced.verdict.clone_from(&failure.detail);
            }
        })?;
        let is_local = |ip| network.dialer.is_local(ip);
        if let Some(first) = addresses.first() {
            traced.address = Some(*first);
            traced.verdict = network.policy.why_allowed(*first, &is_local);
        }
        let started = Instant::now();
        let (stream, address) = dial_any(network, request, addresses).await.inspect_err(|failure| {
            if failure.kind == FailureKind::Blocked {
                traced.verdict.clone_from(&failure.detail);
            }
        })?;
        traced.timing.connect = Some(started.elapsed());
        traced.address = Some(address);
        traced.verdict = network.policy.why_allowed(address, &is_local);
        let Some(name) = target.server_name() else { return Ok(Connection::Plain(stream)) };
        let connector = self.shared.tls.connector(out.roots.as_deref()).await?;
        let started = Instant::now();
        let tls = connector.connect(name.clone(), stream).await;
        let tls = tls.map_err(|error| tls_failure(target.host(), &error))?;
        traced.timing.tls = Some(started.elapsed());
        Ok(Connection::Tls(Box::new(tls)))
    }

    async fn exchange_traced(
        &self,
        out: Outbound,
        mut request: RequestWriter,
        mut connection: Connection,
        traced: &mut Traced,
    ) -> Result<Answer, Failure> {
        let options = HeadOptions { no_body: out.method == Method::HEAD, keep_headers: true };
        let mut reader = AnswerReader::new(out.answer, options);
        let (started, first_byte) = (Instant::now(), Cell::new(None));
        let mut round_trip = RoundTrip {
            connection: &mut connection,
            request: &mut request,
            answer: &mut reader,
            buffer: &self.buffer,
            first_byte: Some(&first_byte),
        };
        let ended = round_trip.run(pin!(sleep_until(out.deadline))).await;
        traced.timing.first_byte = first_byte.get().map(|at: Instant| at.duration_since(started));
        finish(ended, &request, reader).map(|(answer, _)| answer)
    }
}
