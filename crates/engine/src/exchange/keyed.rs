//! Exchanges that are on the disk before they are sent: with an `Idempotency-Key`, or answered later.

use super::accept::{ExchangeReply, Exchanges, How, Ready, Reply, UsedKey};
use super::note::elapsed;
use crate::publish::KEY_KEPT;
use footbridge_courier::Courier;
use footbridge_journal::{Begun, JournalError, KeyAfter, KeyUse, Scopes};
use footbridge_model::attempt::Sent;
use footbridge_model::exchange::{Ending, ErrorCode, ExchangeFailure};
use footbridge_model::id::ExchangeId;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

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
        let key = key.map(|used| KeyUse {
            scope: Scopes::exchange(ready.head.direction, &ready.head.sender),
            key: used.key,
            fingerprint: used.fingerprint,
            until: ready.head.at.plus(KEY_KEPT),
        });
        match self.journal.begin_exchange(ready.head.clone(), key).await {
            Ok(Begun::Started) => None,
            Ok(Begun::Replay(record)) => {
                let reply = record.ending.map_or(Reply::Accepted, Reply::Ended);
                Some(ExchangeReply { id: record.head.id, replayed: true, reply })
            }
            Ok(Begun::Running(first)) => Some(ExchangeReply { id: first, replayed: false, reply: running() }),
            Ok(Begun::Mismatch) => {
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
        let key = if sent.sent == Sent::Nothing { KeyAfter::Released } else { KeyAfter::Repeats };
        let ending = sent.ending();
        self.say(&ready, &ending);
        let until = self.clock.now().plus(KEY_KEPT);
        let ms = elapsed(ready.begun);
        let kept = self.journal.finish_exchange(ready.head.id, ending.clone(), ms, until, key).await;
        drop(ready.under_way);
        match kept {
            Ok(()) => ending,
            Err(error) => Ending::Failed(not_kept(&error)),
        }
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

fn not_kept(error: &JournalError) -> ExchangeFailure {
    let status = if *error == JournalError::Full { 507 } else { 500 };
    ExchangeFailure::new(
        status,
        ErrorCode::EventDeliveryFailed,
        format!("the exchange could not be kept: {error}"),
    )
}
