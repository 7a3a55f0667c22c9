//! The contract's order of checks, from a proved sender to the way it wants to be answered.

use super::note::Note;
use crate::drain::{Drain, InFlight};
use crate::failure_log::FailureLog;
use crate::registry::{AppEntry, Registry, host_of};
use bytes::Bytes;
use footbridge_courier::Courier;
use footbridge_journal::Journal;
use footbridge_model::exchange::{
    self, Direction, Ending, ErrorCode, ExchangeFailure, ExchangeHead, ExchangeRecord,
};
use footbridge_model::id::ExchangeId;
use footbridge_model::name::AppName;
use footbridge_model::time::Clock;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What a sender wants sent.
#[derive(Debug, Clone)]
pub struct ExchangeDraft {
    /// Which way.
    pub direction: Direction,
    /// The host app it names.
    pub client_id: String,
    /// The miniapp it names.
    pub app_id: String,
    /// What it is about.
    pub event_type: String,
    /// One JSON text, byte for byte.
    pub payload: Bytes,
}

/// How a sender wants it sent.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// `Idempotency-Key`
    pub key: Option<UsedKey>,
    /// `Prefer: wait`
    pub wait: Option<Duration>,
    /// `Prefer: respond-async`
    pub respond_async: bool,
}

/// An `Idempotency-Key` and what it was used with.
#[derive(Debug, Clone)]
pub struct UsedKey {
    /// The key.
    pub key: String,
    /// SHA-256 of the raw body.
    pub fingerprint: [u8; 32],
}

/// What the sender is told.
#[derive(Debug)]
pub struct ExchangeReply {
    /// The exchange; the first one's id when it is replayed.
    pub id: ExchangeId,
    /// Whether this repeats what was answered before.
    pub replayed: bool,
    /// The answer.
    pub reply: Reply,
}

/// The answer to a sender.
#[derive(Debug)]
pub enum Reply {
    /// It ended like this.
    Ended(Ending),
    /// It is on the disk and will be sent.
    Accepted,
}

/// One answer for unknown and unlinked, which names nobody.
const NOT_LINKED: &str = "you are not linked to a recipient of that name, if there is one: the operator links two apps \
     with `footbridge link add HOST MINIAPP`, or a [[link]] in the configuration file";

/// What to tell a sender that its body does not name; `turned` when it is the recipient there.
fn other_sender(direction: Direction, turned: bool) -> String {
    let (member, role, to) = match direction {
        Direction::ToMiniapp => ("client_id", "a host", Direction::ToHost),
        Direction::ToHost => ("app_id", "a miniapp", Direction::ToMiniapp),
    };
    let (here, there) = (direction.endpoint(), to.endpoint());
    if turned {
        return format!(
            "your credentials are those of the recipient that the body names: this endpoint is for {role} that sends; \
             send to /api/v1/event-bridge/{there}/ instead of /{here}/"
        );
    }
    format!("the body names another sender than the credentials: at /{here}/ the sender is `{member}`")
}

pub(crate) struct Exchanges {
    pub(crate) registry: Arc<Registry>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) drain: Arc<Drain>,
    /// One exchange, whole.
    pub(crate) timeout: Duration,
    /// The largest answer, in bytes.
    pub(crate) answer_limit: usize,
    pub(crate) log: Arc<FailureLog>,
}

/// An exchange that passed every check before its key.
pub(super) struct Ready {
    pub(super) head: ExchangeHead,
    pub(super) recipient: Arc<AppEntry>,
    pub(super) body: Bytes,
    pub(super) begun: Instant,
    pub(super) deadline: Instant,
    /// Whether the sender wants it sooner than the server demands.
    pub(super) shortened: bool,
    /// Holds the server's end back until it has ended.
    pub(super) under_way: InFlight,
}

impl Exchanges {
    /// Sends an event of `sender` to the recipient it names.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        courier: &Rc<Courier>,
        sender: &AppEntry,
        id: ExchangeId,
        draft: ExchangeDraft,
        how: How,
    ) -> ExchangeReply {
        let ended =
            |failure| ExchangeReply { id, replayed: false, reply: Reply::Ended(Ending::Failed(failure)) };
        let refused = self.refused_head(sender, id, &draft);
        let ready = match self.check(sender, id, draft, how.wait) {
            Ok(ready) => ready,
            Err(failure) => {
                // Kept like one that failed, so that its id can be looked up.
                if let Some(head) = refused {
                    self.log.exchange(&head, None, &failure);
                    let ending = Some(Ending::Failed(failure.clone()));
                    self.journal.record_exchange(ExchangeRecord { head, ending, ms: Some(0) });
                }
                return ended(failure);
            }
        };
        if how.key.is_some() || how.respond_async {
            return self.exchange_kept(courier, ready, how).await;
        }
        let note = Note::new(&self.journal, &ready);
        let sent = self.forward(courier, &ready).await;
        let ending = sent.ending();
        self.say(&ready, &ending);
        note.write(&ending);
        ExchangeReply { id, replayed: false, reply: Reply::Ended(ending) }
    }

    /// What is known of an exchange that may be refused; `None` when it names no app.
    fn refused_head(&self, sender: &AppEntry, id: ExchangeId, draft: &ExchangeDraft) -> Option<ExchangeHead> {
        let other = match draft.direction {
            Direction::ToMiniapp => &draft.app_id,
            Direction::ToHost => &draft.client_id,
        };
        Some(ExchangeHead {
            id,
            direction: draft.direction,
            sender: sender.app.name.clone(),
            recipient: AppName::find(other)?,
            event_type: draft.event_type.clone(),
            at: self.clock.now(),
        })
    }

    /// Lets the log say that an exchange failed.
    pub(super) fn say(&self, ready: &Ready, ending: &Ending) {
        if let Ending::Failed(failure) = ending {
            let host = ready.recipient.receiver.as_deref().and_then(|target| host_of(target.url()));
            self.log.exchange(&ready.head, host, failure);
        }
    }

    /// Sender, link, receiver: the checks behind credentials and body, in the contract's order.
    fn check(
        &self,
        sender: &AppEntry,
        id: ExchangeId,
        draft: ExchangeDraft,
        wait: Option<Duration>,
    ) -> Result<Ready, ExchangeFailure> {
        let unauthorized = |message: &str| ExchangeFailure::new(403, ErrorCode::Unauthorized, message);
        let (named, other) = match draft.direction {
            Direction::ToMiniapp => (&draft.client_id, &draft.app_id),
            Direction::ToHost => (&draft.app_id, &draft.client_id),
        };
        if !named.eq_ignore_ascii_case(sender.app.name.as_str()) {
            let turned = other.eq_ignore_ascii_case(sender.app.name.as_str());
            return Err(unauthorized(&other_sender(draft.direction, turned)));
        }
        let directory = self.registry.directory.load();
        let linked = directory.app(other).filter(|recipient| {
            let (host, miniapp) = match draft.direction {
                Direction::ToMiniapp => (&sender.app.name, &recipient.app.name),
                Direction::ToHost => (&recipient.app.name, &sender.app.name),
            };
            recipient.app.enabled && directory.link(host, miniapp).is_some_and(|link| link.enabled)
        });
        // One answer for unknown and unlinked, so that nobody learns who else is here.
        let recipient = linked.ok_or_else(|| unauthorized(NOT_LINKED))?;
        if !recipient.app.receiver_enabled || recipient.receiver.is_none() {
            let message = "the recipient takes no events: its receiver is switched off or has no URL";
            return Err(ExchangeFailure::new(409, ErrorCode::EventReceiverDisabled, message));
        }
        let under_way = self.drain.enter().map_err(|_| {
            let failure =
                ExchangeFailure::new(503, ErrorCode::EventDeliveryFailed, "the server is shutting down");
            ExchangeFailure { retry_after: Some(1), ..failure }
        })?;
        let begun = Instant::now();
        let (from, to) = (&sender.app.name, &recipient.app.name);
        let (host, miniapp) = match draft.direction {
            Direction::ToMiniapp => (from, to),
            Direction::ToHost => (to, from),
        };
        let body = exchange::body(miniapp, host, &draft.event_type, &draft.payload);
        let head = ExchangeHead {
            id,
            direction: draft.direction,
            sender: from.clone(),
            recipient: to.clone(),
            event_type: draft.event_type,
            at: self.clock.now(),
        };
        let wait = wait.filter(|wait| *wait < self.timeout);
        let deadline = begun + wait.unwrap_or(self.timeout);
        let (recipient, shortened) = (Arc::clone(recipient), wait.is_some());
        Ok(Ready { head, recipient, body, begun, deadline, shortened, under_way })
    }
}
