//! The entries of the history.

use crate::plan::{ExchangePlan, HookPlan, Publish};
use footbridge_engine::{Accepted, PublishError, Reply};
use footbridge_journal::{DeliveryView, EventView};
use footbridge_model::id::{DeliveryId, EventId, ExchangeId};
use std::time::Duration;

/// A position in the history; every recorded entry has one of its own.
pub(crate) type Tick = u64;

/// A publish call and its answer.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) publish: Publish,
    pub(crate) called: Tick,
    /// `None` if the caller hung up or the server crashed first.
    pub(crate) answer: Option<Result<Accepted, PublishError>>,
    /// When the answer came; 0 before.
    pub(crate) answered: Tick,
}

/// A hook and the changes requested for it.
#[derive(Debug)]
pub(crate) struct HookHistory {
    pub(crate) plan: HookPlan,
    pub(crate) changes: Vec<Change>,
}

#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) to: To,
    pub(crate) called: Tick,
    /// When the caller got the answer, and true if the change was made.
    pub(crate) answer: Option<(Tick, bool)>,
}

/// The requested change of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Made,
    Removed,
    On,
    Off,
    /// The receiver answered 410.
    Gone,
}

/// A delivery request that reached a receiver.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) tick: Tick,
    pub(crate) at: Duration,
    /// The server process that sent it.
    pub(crate) process: u64,
    pub(crate) hook: u64,
    pub(crate) event: EventId,
    pub(crate) delivery: DeliveryId,
    pub(crate) attempt: u32,
    /// The marker in the event's body; 0 in an event of the server itself.
    pub(crate) mark: u64,
    /// The status of the answer, once its head was sent.
    pub(crate) answered: Option<u16>,
    /// When the answer's head was sent; 0 before.
    pub(crate) answered_at: Tick,
    /// The wait that `Retry-After` asked for.
    pub(crate) asked: Option<Duration>,
}

/// An exchange call and its answer.
#[derive(Debug)]
pub(crate) struct ExchangeCall {
    pub(crate) plan: ExchangePlan,
    pub(crate) called: Tick,
    /// The id that was drawn for it; the answer names that of the first use of its key.
    pub(crate) id: ExchangeId,
    /// `None` if the caller hung up or the server crashed first.
    pub(crate) answer: Option<ExchangeAnswer>,
}

#[derive(Debug)]
pub(crate) struct ExchangeAnswer {
    pub(crate) id: ExchangeId,
    pub(crate) replayed: bool,
    pub(crate) reply: Reply,
}

/// An exchange request that reached a receiver.
#[derive(Debug)]
pub(crate) struct ExchangeSend {
    pub(crate) recipient: usize,
    pub(crate) id: ExchangeId,
    pub(crate) mark: u64,
    /// The complete answer, once it was sent.
    pub(crate) answered: Option<(u16, String)>,
}

/// What a page saw.
#[derive(Debug, Default)]
pub(crate) struct PageHistory {
    pub(crate) app: usize,
    pub(crate) entries: Vec<(Tick, PageEntry)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageEntry {
    /// A new connection is watching or reads on from its cursor.
    Connected,
    Event(EventId),
    /// Some events were missed.
    Gap,
}

/// Events and deliveries that retention deleted, as they were before.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    pub(crate) events: Vec<EventView>,
    pub(crate) deliveries: Vec<DeliveryView>,
}
