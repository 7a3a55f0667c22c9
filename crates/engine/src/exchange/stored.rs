//! Exchanges that are on disk before they are sent: with an `Idempotency-Key`, or answered later.

use super::accept::{ExchangeOptions, ExchangeReply, Exchanges, Reply, UsedKey, ended};
use super::checked::CheckedExchange;
use super::error::ExchangeError;
use super::record::elapsed_ms;
use crate::detached::detached_local;
use crate::publish::KEY_RETENTION;
use crate::tail::TailItem;
use bytes::Bytes;
use footbridge_courier::Courier;
use footbridge_journal::{ExchangeEnd, ExchangeStart, IdempotencyKey, Journal, KeyDisposition, KeyScopes};
use footbridge_model::attempt::Sent;
use footbridge_model::exchange::{ExchangeOutcome, ExchangeRecord};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The wait before an outcome is written again that a busy journal has not stored.
const REWRITE_INTERVAL: Duration = Duration::from_secs(1);

impl Exchanges {
    /// Stores the exchange as running, sends it, stores the outcome, and only then answers.
    ///
    /// All of it goes on if the sender hangs up: an exchange that is stored as running must get an outcome.
    pub(super) async fn exchange_stored(
        self: &Arc<Self>,
        courier: &Rc<Courier>,
        checked: CheckedExchange,
        options: ExchangeOptions,
    ) -> ExchangeReply {
        let id = checked.head.id;
        let (this, courier) = (Arc::clone(self), Rc::clone(courier));
        let replied = detached_local(async move {
            if let Some(reply) = this.start(&checked, options.key).await {
                return reply;
            }
            if options.respond_async {
                tokio::task::spawn_local(async move { this.finish(&courier, checked).await });
                return ExchangeReply { id, replayed: false, reply: Reply::Accepted, answer_status: None };
            }
            ended(id, this.finish(&courier, checked).await)
        });
        let cut_off = || ended(id, ExchangeOutcome::Failed(ExchangeError::CutOff.into()));
        replied.await.unwrap_or_else(cut_off)
    }

    /// Stores the exchange as running. Returns the reply if there is nothing to send.
    async fn start(&self, checked: &CheckedExchange, key: Option<UsedKey>) -> Option<ExchangeReply> {
        let head = &checked.head;
        let key = key.map(|used| IdempotencyKey {
            scope: KeyScopes::exchange(head.direction, &head.sender),
            key: used.key,
            fingerprint: used.fingerprint,
            until: head.at.plus(KEY_RETENTION),
        });
        let failed = |id, error: ExchangeError| Some(ended(id, ExchangeOutcome::Failed(error.into())));
        match self.journal.start_exchange(head.clone(), key).await {
            Ok(ExchangeStart::Started) => None,
            Ok(ExchangeStart::Replay(record)) => {
                let reply = record.ending.map_or(Reply::Accepted, Reply::Ended);
                Some(ExchangeReply { id: record.head.id, replayed: true, reply, answer_status: None })
            }
            Ok(ExchangeStart::Running(first)) => failed(first, ExchangeError::KeyInUse),
            Ok(ExchangeStart::Mismatch) => failed(head.id, ExchangeError::KeyReused),
            Err(error) => {
                let outcome = ExchangeOutcome::Failed(ExchangeError::NotStored(error.clone()).into());
                if error.may_be_stored() {
                    // It may be stored as running, and nobody sends it: it must get an outcome, and its key is free.
                    let until = self.clock.now().plus(KEY_RETENTION);
                    let (id, ms) = (head.id, elapsed_ms(checked.started));
                    let (ending, key) = (outcome.clone(), KeyDisposition::Released);
                    let end =
                        ExchangeEnd { id, ending, ms, answer_status: None, keep_answer_until: until, key };
                    tokio::task::spawn_local(store_later(Arc::clone(&self.journal), end));
                }
                Some(ended(head.id, outcome))
            }
        }
    }

    /// Sends the exchange and stores the outcome.
    async fn finish(&self, courier: &Courier, checked: CheckedExchange) -> ExchangeOutcome {
        let sent = self.forward(courier, &checked).await;
        let (nothing_sent, answer_status) = (sent.sent == Sent::Nothing, sent.status);
        let key = if nothing_sent { KeyDisposition::Released } else { KeyDisposition::Replays };
        let outcome = sent.into_outcome();
        self.log_if_failed(&checked, &outcome);
        let until = self.clock.now().plus(KEY_RETENTION);
        let (id, ms) = (checked.head.id, elapsed_ms(checked.started));
        self.traffic.exchange(&checked.head, &outcome, ms);
        self.tail.send(|_| {
            let (head, ending) = (checked.head.clone(), Some(without_answer(&outcome)));
            TailItem::Exchange(Box::new(ExchangeRecord { head, ending, ms: Some(ms), answer_status }))
        });
        let ending = outcome.clone();
        let end = ExchangeEnd { id, ending, ms, answer_status, keep_answer_until: until, key };
        let stored = self.journal.finish_exchange(end.clone()).await;
        let Err(error) = stored else { return outcome };
        tracing::warn!(exchange = %id, %error, "the outcome of an exchange could not be stored");
        if error.is_temporary() {
            // The sender is answered at once. The outcome is stored later, so that the key does not stay in use.
            let storing = store_later(Arc::clone(&self.journal), end);
            tokio::task::spawn_local(async move {
                let _in_flight = checked.in_flight;
                storing.await;
            });
        }
        let error = if nothing_sent {
            ExchangeError::NotStored(error)
        } else {
            ExchangeError::OutcomeNotStored(error)
        };
        ExchangeOutcome::Failed(error.into())
    }
}

/// The outcome without the answer, which belongs to the sender alone.
fn without_answer(outcome: &ExchangeOutcome) -> ExchangeOutcome {
    match outcome {
        ExchangeOutcome::Answered(_) => ExchangeOutcome::Answered(Bytes::new()),
        ExchangeOutcome::Failed(failure) => ExchangeOutcome::Failed(failure.clone()),
    }
}

/// Stores the outcome of an exchange once the store works again.
async fn store_later(journal: Arc<dyn Journal>, end: ExchangeEnd) {
    loop {
        tokio::time::sleep(REWRITE_INTERVAL).await;
        match journal.finish_exchange(end.clone()).await {
            Err(error) if error.is_temporary() => {}
            _ => return,
        }
    }
}
