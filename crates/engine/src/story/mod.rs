//! The story of an event or an exchange: its steps, who got it, who did not, and why.
//!
//! - [`facts`]: reads everything that a story needs from the journal and the registry.
//! - [`receivers`]: the verdicts then and now, a pure function of the facts.
//! - [`steps`]: what happened, in the order of time.
//! - [`exchange`]: the same for an exchange.

mod exchange;
mod facts;
mod receivers;
mod steps;

pub use exchange::{Check, CheckKind, ExchangeStory};
pub use receivers::ReceiverStory;
pub use steps::{Participant, ParticipantKind, Step, StepKind, StepOutcome};

pub(crate) use exchange::of_exchange;
pub(crate) use facts::Facts;

use crate::explain::Judge;
use footbridge_journal::{Effect, EventView};

/// The header by which a page's own id of an event is passed on.
const PAGE_EVENT: &str = "x-page-event-id";

/// The story of an event.
#[derive(Debug, Clone)]
pub struct EventStory {
    /// The event as it is stored.
    pub event: EventView,
    /// The page's own id of the event, if a page forwarded it.
    pub page_event: Option<String>,
    /// Who takes part in the steps.
    pub participants: Vec<Participant>,
    /// The steps, oldest first.
    pub steps: Vec<Step>,
    /// How many steps were left out.
    pub folded_steps: usize,
    /// The hooks that got it or could have got it. The nearest to it come first.
    pub receivers: Vec<ReceiverStory>,
    /// How many hooks were left out.
    pub folded_receivers: usize,
    /// The events and exchanges that the event has caused.
    pub effects: Vec<Effect>,
}

/// Tells the story of an event.
pub(crate) fn of_event(facts: Facts, judge: &Judge<'_>) -> EventStory {
    let headers = facts.event.event.headers.pairs();
    let page_event =
        headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(PAGE_EVENT)).map(|(_, value)| value);
    let (receivers, folded_receivers) = receivers::of(&facts, judge);
    let mut told = steps::of_event(&facts, page_event.as_deref(), &receivers);
    let folded_steps = told.fold();
    EventStory {
        page_event,
        participants: told.participants,
        steps: told.steps,
        folded_steps,
        receivers,
        folded_receivers,
        event: facts.event,
        effects: facts.effects,
    }
}
