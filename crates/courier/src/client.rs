//! One attempt: take or open a connection, send once, read what comes back, all within one deadline.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use footbridge_model::attempt::{Failure, FailureKind, Sent};
use http::Method;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::capture::Capture;
use crate::classify::{exchange_failure, tls_failure};
use crate::dial::{Trip, dial};
use crate::exchange::{Exchange, Scratch};
use crate::fault::Fault;
use crate::head::Asked;
use crate::message::{Answer, Outbound};
use crate::options::CourierShared;
use crate::pool::{Pool, Terms};
use crate::request::Parcel;
use crate::target::{Grant, Target};
use crate::wire::Wire;

/// How much is read at once, in bytes.
const READ: usize = 32 * 1024;

/// Sends requests from one thread. Clones share the pool of connections.
///
/// Must be used inside a [`tokio::task::LocalSet`], since what closes idle connections is a local task.
#[derive(Debug, Clone)]
pub struct Courier {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<CourierShared>,
    pool: Rc<Pool>,
    scratch: Scratch,
}

impl Courier {
    /// A courier for the thread it is made on.
    pub fn new(shared: Arc<CourierShared>) -> Self {
        let pool = Pool::new(shared.idle);
        let scratch = Scratch::new(vec![0; READ].into());
        Self { inner: Rc::new(Inner { shared, pool, scratch }) }
    }

    /// Makes exactly one attempt. It is sent again only where provably no byte of it had left: on a pooled connection
    /// that turns out to be closed.
    ///
    /// Dropping the future gives the attempt up and closes its connection.
    ///
    /// # Errors
    /// No answer, or not all of one that is only good whole: the [`Failure`] says why and whether the receiver may have seen the request.
    pub async fn send(&self, out: Outbound) -> Result<Answer, Failure> {
        self.inner.attempt(out, true).await
    }

    /// As [`Courier::send`] for a caller to whom the headers of the answer say nothing: they are left empty.
    ///
    /// # Errors
    /// As [`Courier::send`].
    pub async fn send_for_body(&self, out: Outbound) -> Result<Answer, Failure> {
        self.inner.attempt(out, false).await
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
    async fn attempt(&self, out: Outbound, headers_wanted: bool) -> Result<Answer, Failure> {
        let now = Instant::now();
        if out.deadline <= now {
            return Err(Failure::before(FailureKind::Timeout, "the deadline had passed before the start"));
        }
        let Outbound { target, app, grants, roots, method, headers, body, deadline, answer: limit, written } =
            out;
        let terms = Terms { granted: Grant::opened(&grants, &target), roots };
        let mut parcel = Parcel::new(&target, &method, &headers, body, &self.shared.preamble);
        drop(headers);
        parcel.tell(written);
        let asked = Asked { bodiless: method == Method::HEAD, headers: headers_wanted };
        let mut timer = pin!(sleep_until(deadline));
        loop {
            let (mut wire, pooled) = match self.pool.take(target.origin(), &terms, now).await {
                Some(wire) => (wire, true),
                // Boxed: rare, and far larger than the rest of an attempt.
                None => (Box::pin(self.open(&target, &terms, &app, deadline)).await?, false),
            };
            let mut capture = Capture::new(limit, asked);
            let mut exchange = Exchange {
                wire: &mut wire,
                parcel: &mut parcel,
                capture: &mut capture,
                scratch: &self.scratch,
            };
            let ended = exchange.run(timer.as_mut()).await;
            match ended {
                Err(Fault::Io(_) | Fault::Closed) if pooled && !parcel.is_touched() => {}
                ended => return self.settle((&target, terms), wire, ended, &parcel, capture),
            }
        }
    }

    /// What an attempt came to, and what becomes of its connection.
    fn settle(
        &self,
        at: (&Target, Terms),
        wire: Wire,
        ended: Result<(), Fault>,
        parcel: &Parcel,
        capture: Capture,
    ) -> Result<Answer, Failure> {
        let sent = if parcel.is_touched() { Sent::Perhaps } else { Sent::Nothing };
        let begun = capture.has_begun();
        let truncated = ended.is_err();
        if let Err(fault) = ended
            && !capture.is_enough()
        {
            return Err(exchange_failure(&fault, sent, begun));
        }
        let Some((answer, keep)) = capture.into_answer(truncated) else {
            return Err(exchange_failure(&Fault::Closed, sent, begun));
        };
        if let Some(hint) = keep.filter(|_| parcel.is_whole()) {
            let (target, terms) = at;
            self.pool.put(target.origin(), terms, wire, hint);
        }
        Ok(answer)
    }

    async fn open(
        &self,
        target: &Target,
        terms: &Terms,
        app: &str,
        deadline: Instant,
    ) -> Result<Wire, Failure> {
        let opened = timeout_at(deadline, self.dial(target, terms, app, deadline)).await;
        opened.unwrap_or_else(|_| {
            Err(Failure::before(FailureKind::Timeout, "no connection within the deadline"))
        })
    }

    async fn dial(
        &self,
        target: &Target,
        terms: &Terms,
        app: &str,
        deadline: Instant,
    ) -> Result<Wire, Failure> {
        let trip = Trip { target, granted: terms.granted, app, deadline };
        let stream = dial(self.shared.network(), trip).await?;
        let Some(name) = target.server_name() else { return Ok(Wire::Plain(stream)) };
        let connector = self.shared.tls.connector(terms.roots.as_deref()).await?;
        let tls = connector.connect(name.clone(), stream).await;
        Ok(Wire::Tls(Box::new(tls.map_err(|error| tls_failure(target.host(), &error))?)))
    }
}
