//! Exchanges that are on the disk before they are sent: with an `Idempotency-Key`, or answered later.

use super::accept::{ExchangeReply, Exchanges, How, Ready, Reply, UsedKey};
use super::note::elapsed;
use crate::publish::KEY_KEPT;
use footbridge_courier::Courier;
use footbridge_journal::{ExchangeStart, IdempotencyKey, JournalError, KeyDisposition, KeyScopes};
use footbridge_model::attempt::Sent;
use footbridge_model::exchange::{Ending, ErrorCode, ExchangeFailure};
use footbridge_model::id::ExchangeId;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long to wait before asking a journal again that could not keep anything for a while.
const AGAIN: Duration = Duration::from_secs(1);

impl Exchanges {
    /// Keeps it as running, sends it, keeps how it ended, and only then answers.
    ///
    /// All of it is a task of its own: once it is kept as running it must end and be kept, even when the
    /// sender hangs up.
    pub(super) async fn exchange_kept(
        self: &Arc<Self>,
        courier: &Rc<Courier>,
        ready: Ready,
        how: How,
    ) -> ExchangeReply {
        let id = ready.head.id;
        let (answer, answered) = oneshot::channel();
        let (this, courier) = (Arc::clone(self), Rc::clone(courier));
        tokio::task::spawn_local(async move { this.carry(&courier, ready, how, answer).await });
        answered.await.unwrap_or_else(|_| {
            let message = "the exchange was cut off; its outcome is unknown";
            ended(id, Ending::Failed(ExchangeFailure::new(500, ErrorCode::EventDeliveryFailed, message)))
        })
    }

    async fn carry(&self, courier: &Courier, ready: Ready, how: How, answer: oneshot::Sender<ExchangeReply>) {
        let id = ready.head.id;
        // A sender that has hung up gets no answer, which is no reason to stop.
        let reply = match self.begin(&ready, how.key).await {
            Some(reply) => reply,
            None if how.respond_async => {
                let _ = answer.send(ExchangeReply { id, replayed: false, reply: Reply::Accepted });
                self.finish(courier, ready).await;
                return;
            }
            None => ended(id, self.finish(courier, ready).await),
        };
        let _ = answer.send(reply);
    }

    /// Keeps it as running; gives the answer when there is nothing to send.
    async fn begin(&self, ready: &Ready, key: Option<UsedKey>) -> Option<ExchangeReply> {
        let id = ready.head.id;
        let key = key.map(|used| IdempotencyKey {
            scope: KeyScopes::exchange(ready.head.direction, &ready.head.sender),
            key: used.key,
            fingerprint: used.fingerprint,
            until: ready.head.at.plus(KEY_KEPT),
        });
        match self.journal.start_exchange(ready.head.clone(), key).await {
            Ok(ExchangeStart::Started) => None,
            Ok(ExchangeStart::Replay(record)) => {
                let reply = record.ending.map_or(Reply::Accepted, Reply::Ended);
                Some(ExchangeReply { id: record.head.id, replayed: true, reply })
            }
            Ok(ExchangeStart::Running(first)) => {
                Some(ExchangeReply { id: first, replayed: false, reply: running() })
            }
            Ok(ExchangeStart::Mismatch) => {
                let message = "this Idempotency-Key was used with another body";
                Some(ended(
                    id,
                    Ending::Failed(ExchangeFailure::new(422, ErrorCode::InvalidEventData, message)),
                ))
            }
            Err(error) => Some(ended(id, Ending::Failed(not_kept(&error)))),
        }
    }

    async fn finish(&self, courier: &Courier, ready: Ready) -> Ending {
        let sent = self.forward(courier, &ready).await;
        let nothing_sent = sent.sent == Sent::Nothing;
        let key = if nothing_sent { KeyDisposition::Released } else { KeyDisposition::Replays };
        let ending = sent.ending();
        self.say(&ready, &ending);
        let until = self.clock.now().plus(KEY_KEPT);
        let (id, ms) = (ready.head.id, elapsed(ready.begun));
        let kept = self.journal.finish_exchange(id, ending.clone(), ms, until, key).await;
        let Err(error) = kept else { return ending };
        tracing::warn!(exchange = %id, %error, "how an exchange ended could not be kept");
        if error.is_temporary() {
            // The sender is told at once; the record follows, so that the key does not seem to run for ever.
            let (journal, kept) = (Arc::clone(&self.journal), ending.clone());
            tokio::task::spawn_local(async move {
                let _under_way = ready.under_way;
                loop {
                    tokio::time::sleep(AGAIN).await;
                    match journal.finish_exchange(id, kept.clone(), ms, until, key).await {
                        Err(error) if error.is_temporary() => {}
                        _ => return,
                    }
                }
            });
        }
        Ending::Failed(if nothing_sent { not_kept(&error) } else { lost(&error) })
    }
}

const fn ended(id: ExchangeId, ending: Ending) -> ExchangeReply {
    ExchangeReply { id, replayed: false, reply: Reply::Ended(ending) }
}

fn running() -> Reply {
    let failure = ExchangeFailure::new(
        409,
        ErrorCode::EventDeliveryFailed,
        "an exchange with this Idempotency-Key is still running",
    );
    Reply::Ended(Ending::Failed(ExchangeFailure { retry_after: Some(1), ..failure }))
}

/// Nothing was sent, for the journal could not keep it as running.
fn not_kept(error: &JournalError) -> ExchangeFailure {
    let (status, retry_after, what) = match error {
        JournalError::Full => (507, None, "nothing was sent"),
        JournalError::Busy(_) => (503, Some(2), "nothing was sent"),
        JournalError::Stopped(_) => (503, Some(5), "nothing was sent"),
        JournalError::Unknown(_) => {
            (503, Some(5), "nothing was sent, but the key may count as used: repeat it with the same one")
        }
        _ => (500, None, "nothing was sent"),
    };
    let message = format!("the exchange could not be kept: {}; {what}", shown(error));
    let failure = ExchangeFailure::new(status, ErrorCode::EventDeliveryFailed, message);
    ExchangeFailure { retry_after, ..failure }
}

/// The recipient has the event, but what came of it could not be kept, so that a repetition could not repeat it.
fn lost(error: &JournalError) -> ExchangeFailure {
    let message = format!(
        "the event was sent, but how that ended could not be kept: {}; the outcome is unknown",
        shown(error)
    );
    ExchangeFailure::new(504, ErrorCode::EventDeliveryFailed, message)
}

/// What a sender may know of an error: neither paths nor what the system said.
const fn shown(error: &JournalError) -> &'static str {
    match error {
        JournalError::Full => "the disk that holds the journal is full",
        JournalError::Busy(_) => "the journal cannot be used at the moment",
        JournalError::Unknown(_) => "the journal failed while it kept it",
        JournalError::Stopped(_) => "the journal has stopped",
        _ => "a fault of the server, told in its log",
    }
}
