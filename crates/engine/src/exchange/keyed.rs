//! Exchanges that are on the disk before they are sent: with an `Idempotency-Key`, or answered later.

use super::accept::{ExchangeReply, Exchanges, How, Ready, Reply};
use super::note::elapsed;
use crate::publish::KEY_KEPT;
use footbridge_courier::Courier;
use footbridge_journal::{Begun, JournalError, KeyAfter, KeyUse};
use footbridge_model::attempt::Sent;
use footbridge_model::exchange::{Ending, ErrorCode, ExchangeFailure};
use std::rc::Rc;
use std::sync::Arc;

impl Exchanges {
    /// Keeps it as running, sends it, keeps how it ended, and only then answers.
    pub(super) async fn exchange_kept(
        self: &Arc<Self>,
        courier: &Rc<Courier>,
        ready: Ready,
        how: How,
    ) -> ExchangeReply {
        let id = ready.head.id;
        let ended = |ending| ExchangeReply { id, replayed: false, reply: Reply::Ended(ending) };
        let key = how.key.map(|used| KeyUse {
            scope: format!("exchange/{}/{}", ready.head.direction.endpoint(), ready.head.sender),
            key: used.key,
            fingerprint: used.fingerprint,
            until: ready.head.at.plus(KEY_KEPT),
        });
        match self.journal.begin_exchange(ready.head.clone(), key).await {
            Ok(Begun::Started) => {}
            Ok(Begun::Replay(record)) => {
                let reply = record.ending.map_or(Reply::Accepted, Reply::Ended);
                return ExchangeReply { id: record.head.id, replayed: true, reply };
            }
            Ok(Begun::Running(first)) => {
                return ExchangeReply { id: first, replayed: false, reply: running() };
            }
            Ok(Begun::Mismatch) => {
                let message = "this Idempotency-Key was used with another body";
                return ended(Ending::Failed(ExchangeFailure::new(
                    422,
                    ErrorCode::InvalidEventData,
                    message,
                )));
            }
            Err(error) => return ended(Ending::Failed(not_kept(&error))),
        }
        // A task of its own: it must end, and be kept, even when the sender hangs up.
        let (this, courier) = (Arc::clone(self), Rc::clone(courier));
        let task = tokio::task::spawn_local(async move { this.finish(&courier, ready).await });
        if how.respond_async {
            return ExchangeReply { id, replayed: false, reply: Reply::Accepted };
        }
        match task.await {
            Ok(ending) => ended(ending),
            Err(_) => ended(Ending::Failed(ExchangeFailure::new(
                500,
                ErrorCode::EventDeliveryFailed,
                "the exchange was cut off; its outcome is unknown",
            ))),
        }
    }

    async fn finish(&self, courier: &Courier, ready: Ready) -> Ending {
        let sent = self.forward(courier, &ready).await;
        let key = if sent.sent == Sent::Nothing { KeyAfter::Released } else { KeyAfter::Repeats };
        let ending = sent.ending();
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
