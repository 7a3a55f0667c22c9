//! The checks of an exchange, in the contract's order, and the way it is answered.

use super::checked::CheckedExchange;
use super::error::ExchangeError;
use super::record::RecordGuard;
use crate::drain::Drain;
use crate::failure_log::FailureLog;
use crate::registry::{AppEntry, AppRegistry, host_of};
use crate::stats::TrafficCounter;
use crate::tail::{TailFeed, TailItem};
use bytes::Bytes;
use footbridge_courier::Courier;
use footbridge_journal::Journal;
use footbridge_model::exchange::{self, Direction, ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use footbridge_model::provenance::Provenance;
use footbridge_model::time::{Clock, Entropy};
use footbridge_model::trace_state::TraceState;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An event that a sender wants to send to one recipient.
#[derive(Debug, Clone)]
pub struct ExchangeDraft {
    /// The direction: to a miniapp or to a host.
    pub direction: Direction,
    /// The name of the host app.
    pub client_id: String,
    /// The name of the miniapp.
    pub app_id: String,
    /// The sender's name for the kind of event.
    pub event_type: String,
    /// One JSON text; reaches the recipient byte for byte.
    pub payload: Bytes,
}

/// Options of one exchange.
#[derive(Debug, Clone, Default)]
pub struct ExchangeOptions {
    /// The idempotency key, if the sender wants the outcome to be repeatable.
    pub key: Option<UsedKey>,
    /// A shorter deadline than the server's.
    pub wait: Option<Duration>,
    /// True to answer as soon as the exchange is on disk.
    pub respond_async: bool,
    /// The event that made the sender send it. It is ignored if the sender never received that event.
    pub cause: Option<EventId>,
    /// Why another option is not valid. The sender learns it once sender, link and receiver are checked.
    pub invalid: Option<&'static str>,
    /// The way by which it came, and its trace.
    pub provenance: Provenance,
    /// The state of its trace.
    pub trace_state: Option<TraceState>,
}

/// An `Idempotency-Key` and the fingerprint of the request that it was used with.
#[derive(Debug, Clone)]
pub struct UsedKey {
    /// The value of the header.
    pub key: String,
    /// SHA-256 of the raw body.
    pub fingerprint: [u8; 32],
}

/// The reply to the sender of an exchange.
#[derive(Debug)]
pub struct ExchangeReply {
    /// The id of the exchange; of the first exchange if this is a replay.
    pub id: ExchangeId,
    /// True if the reply repeats an earlier one.
    pub replayed: bool,
    /// The outcome, as far as it is known.
    pub reply: Reply,
    /// The HTTP status of the recipient, if it answered this very request.
    pub answer_status: Option<u16>,
}

/// The outcome that a sender learns.
#[derive(Debug)]
pub enum Reply {
    /// The exchange has ended.
    Ended(ExchangeOutcome),
    /// The exchange is on disk and will be sent.
    Accepted,
    /// An option is not valid, so nothing was sent or recorded.
    Invalid(&'static str),
}

/// Runs exchanges.
pub(crate) struct Exchanges {
    pub(crate) registry: Arc<AppRegistry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) drain: Arc<Drain>,
    /// The deadline of one exchange.
    pub(crate) timeout: Duration,
    /// The largest answer, in bytes.
    pub(crate) answer_limit: usize,
    pub(crate) log: Arc<FailureLog>,
    pub(crate) traffic: Arc<TrafficCounter>,
    pub(crate) tail: Arc<TailFeed>,
}

impl Exchanges {
    /// Sends an event of `sender` to the recipient that the draft names, at most once.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        courier: &Rc<Courier>,
        sender: &AppEntry,
        id: ExchangeId,
        draft: ExchangeDraft,
        mut options: ExchangeOptions,
    ) -> ExchangeReply {
        if options.cause.is_some() {
            options.cause = self.known_cause(sender, options.cause).await;
        }
        let head_if_refused = self.head_if_refused(sender, id, &draft, &options);
        let checked = match self.check(sender, id, draft, &options) {
            Ok(checked) => checked,
            Err(error) => {
                let outcome = ExchangeOutcome::Failed(error.into());
                // Recorded like a failed exchange, so that its id can be looked up.
                if let Some(head) = head_if_refused {
                    self.log_failure(&head, None, &outcome);
                    self.traffic.exchange(&head, &outcome, 0);
                    let ending = Some(outcome.clone());
                    let record = ExchangeRecord { head, ending, ms: Some(0), answer_status: None };
                    self.tail.send(|_| TailItem::Exchange(Box::new(record.clone())));
                    self.journal.record_exchange(record);
                }
                return ended(id, outcome);
            }
        };
        if let Some(why) = options.invalid {
            return ExchangeReply { id, replayed: false, reply: Reply::Invalid(why), answer_status: None };
        }
        if options.key.is_some() || options.respond_async {
            return self.exchange_stored(courier, checked, options).await;
        }
        let record = RecordGuard::new(&*self.journal, &self.traffic, &self.tail, &checked);
        let sent = self.forward(courier, &checked).await;
        let status = sent.status;
        let outcome = sent.into_outcome();
        self.log_if_failed(&checked, &outcome);
        record.write(&outcome, status);
        ExchangeReply { answer_status: status, ..ended(id, outcome) }
    }

    /// The cause that a sender names, if it received or published that event. A store that cannot be read fails no
    /// exchange.
    async fn known_cause(&self, sender: &AppEntry, cause: Option<EventId>) -> Option<EventId> {
        let known = self.journal.lineage(cause?, sender.app.name.clone()).await;
        cause.filter(|_| matches!(known, Ok(Some(_))))
    }

    /// The head of an exchange, for the record if it is refused. Returns `None` if the draft does not name an app.
    fn head_if_refused(
        &self,
        sender: &AppEntry,
        id: ExchangeId,
        draft: &ExchangeDraft,
        options: &ExchangeOptions,
    ) -> Option<ExchangeHead> {
        let (_, recipient) = parties(draft);
        Some(ExchangeHead {
            id,
            direction: draft.direction,
            sender: sender.app.name.clone(),
            recipient: AppName::find(recipient)?,
            event_type: draft.event_type.clone(),
            at: self.clock.now(),
            cause: options.cause,
            provenance: options.provenance,
        })
    }

    /// Logs the outcome if the exchange has failed.
    pub(super) fn log_if_failed(&self, checked: &CheckedExchange, outcome: &ExchangeOutcome) {
        self.log_failure(&checked.head, Some(&checked.recipient), outcome);
    }

    fn log_failure(&self, head: &ExchangeHead, recipient: Option<&AppEntry>, outcome: &ExchangeOutcome) {
        if let ExchangeOutcome::Failed(failure) = outcome {
            let target = recipient.and_then(|recipient| recipient.receiver.as_deref());
            self.log.exchange(head, target.and_then(|target| host_of(target.url())), failure);
        }
    }

    /// Checks sender, link and receiver, in the contract's order. Credentials and body were checked before.
    fn check(
        &self,
        sender: &AppEntry,
        id: ExchangeId,
        draft: ExchangeDraft,
        options: &ExchangeOptions,
    ) -> Result<CheckedExchange, ExchangeError> {
        let (named_sender, named_recipient) = parties(&draft);
        if !named_sender.eq_ignore_ascii_case(sender.app.name.as_str()) {
            let swapped = named_recipient.eq_ignore_ascii_case(sender.app.name.as_str());
            let direction = draft.direction;
            return Err(ExchangeError::WrongSender { direction, swapped });
        }
        let directory = self.registry.directory.load();
        let linked = directory.app(named_recipient).filter(|recipient| {
            let (host, miniapp) = host_and_miniapp(draft.direction, sender, recipient);
            recipient.app.enabled && directory.link(host, miniapp).is_some_and(|link| link.enabled)
        });
        // One error for unknown and for unlinked apps, so that nobody learns which apps exist.
        let recipient = linked.ok_or(ExchangeError::NotLinked)?;
        if !recipient.app.receiver_enabled || recipient.receiver.is_none() {
            return Err(ExchangeError::ReceiverDisabled);
        }
        let in_flight = self.drain.enter().map_err(|_| ExchangeError::Draining)?;
        let started = Instant::now();
        let (host, miniapp) = host_and_miniapp(draft.direction, sender, recipient);
        let body = exchange::body(miniapp, host, &draft.event_type, &draft.payload);
        let head = ExchangeHead {
            id,
            direction: draft.direction,
            sender: sender.app.name.clone(),
            recipient: recipient.app.name.clone(),
            event_type: draft.event_type,
            at: self.clock.now(),
            cause: options.cause,
            provenance: options.provenance,
        };
        let wait = options.wait.filter(|wait| *wait < self.timeout);
        let deadline = started + wait.unwrap_or(self.timeout);
        let (recipient, shortened) = (Arc::clone(recipient), wait.is_some());
        let trace_state = options.trace_state.clone();
        Ok(CheckedExchange { head, recipient, body, trace_state, started, deadline, shortened, in_flight })
    }
}

/// The sender and the recipient that a draft names.
const fn parties(draft: &ExchangeDraft) -> (&String, &String) {
    match draft.direction {
        Direction::ToMiniapp => (&draft.client_id, &draft.app_id),
        Direction::ToHost => (&draft.app_id, &draft.client_id),
    }
}

/// The names of the host and of the miniapp in an exchange.
const fn host_and_miniapp<'a>(
    direction: Direction,
    sender: &'a AppEntry,
    recipient: &'a AppEntry,
) -> (&'a AppName, &'a AppName) {
    match direction {
        Direction::ToMiniapp => (&sender.app.name, &recipient.app.name),
        Direction::ToHost => (&recipient.app.name, &sender.app.name),
    }
}

pub(super) const fn ended(id: ExchangeId, outcome: ExchangeOutcome) -> ExchangeReply {
    ExchangeReply { id, replayed: false, reply: Reply::Ended(outcome), answer_status: None }
}
