//! The port that records exchanges.

use crate::{IdempotencyKey, Wait};
use footbridge_model::exchange::{ExchangeHead, ExchangeOutcome, ExchangeRecord};
use footbridge_model::id::ExchangeId;
use footbridge_model::time::Millis;

/// The outcome of [`ExchangeLog::start_exchange`].
#[derive(Debug, Clone)]
pub enum ExchangeStart {
    /// The exchange is stored as running: send it.
    Started,
    /// The same key and request are running already.
    Running(ExchangeId),
    /// The same key and request ended before, as recorded here.
    Replay(Box<ExchangeRecord>),
    /// The key was used with another request.
    Mismatch,
}

/// How an exchange's key is used after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDisposition {
    /// The key repeats this ending from now on.
    Replays,
    /// Nothing was sent: the key is free, as if it had never been used.
    Released,
}

/// How a running exchange ended.
#[derive(Debug, Clone)]
pub struct ExchangeEnd {
    /// The exchange that has ended.
    pub id: ExchangeId,
    /// The outcome, with the answer.
    pub ending: ExchangeOutcome,
    /// How long it took, in milliseconds.
    pub ms: u32,
    /// The HTTP status of the recipient's answer, if there was one.
    pub answer_status: Option<u16>,
    /// How long the answer is stored.
    pub keep_answer_until: Millis,
    /// How its key is used from now on.
    pub key: KeyDisposition,
}

/// Records exchanges with miniapps and hosts.
pub trait ExchangeLog: Send + Sync {
    /// Stores an exchange as running, unless its key was used before.
    fn start_exchange(&self, head: ExchangeHead, key: Option<IdempotencyKey>) -> Wait<ExchangeStart>;

    /// Stores how a running exchange ended. Fails with [`NotFound`](crate::JournalError::NotFound) when the exchange has
    /// ended already, or when its session is over.
    fn finish_exchange(&self, end: ExchangeEnd) -> Wait<()>;

    /// Stores an ended exchange soon, without its answer: together with the next write, at the latest after 250 ms.
    /// Never waits. Under overload the record is dropped and counted instead.
    fn record_exchange(&self, record: ExchangeRecord);

    /// Returns how many records [`record_exchange`](Self::record_exchange) has dropped since the start.
    fn dropped_records(&self) -> u64;
}
