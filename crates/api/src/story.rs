//! Stories: what became of an event or an exchange, step by step, and why.

use crate::{Cause, Delivery, Event, ExchangeDetail, Fix, Hook, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The story of an event.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EventStory {
    pub event: Event,
    pub origin: StoryOrigin,
    pub participants: Vec<Participant>,
    /// Steps of the story, oldest first.
    pub steps: Vec<Step>,
    /// Hooks that got the event or could have got it. Those that need an operator come first.
    pub receivers: Vec<Receiver>,
    /// Events and exchanges that the event has caused.
    pub effects: Vec<Effect>,
    pub folded: Folded,
}

/// The story of an exchange.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExchangeStory {
    pub exchange: ExchangeDetail,
    pub origin: StoryOrigin,
    pub participants: Vec<Participant>,
    /// Steps of the story, oldest first.
    pub steps: Vec<Step>,
    /// Checks in the order in which they were made.
    pub checks: Vec<Check>,
    /// The one recipient of the exchange.
    pub receivers: Vec<Receiver>,
    pub folded: Folded,
}

/// The origin of an event or an exchange.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StoryOrigin {
    /// How it came: `api`, `page`, `function`, `system` or `console`.
    #[schema(example = "page")]
    pub via: String,
    /// The page's own id of the event; `null` without the permission `payloads.read`.
    pub page_event: Option<String>,
    pub cause: Option<Cause>,
    pub test: bool,
    /// Version of the publisher's package, if it is installed.
    pub app_version: Option<String>,
}

/// Someone who takes part in a story.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    #[schema(example = "p0")]
    pub id: String,
    /// `page`, `host`, `server` or `app`.
    #[schema(example = "app")]
    pub kind: String,
    pub name: String,
    /// The state that keeps an app from taking part, if there is one.
    pub state: Option<String>,
}

/// One step of a story.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Step {
    #[schema(format = DateTime)]
    pub at: String,
    /// How long it took, in milliseconds.
    pub ms: Option<u32>,
    /// Id of the participant that acts.
    pub from: String,
    /// Id of the participant that it concerns.
    pub to: String,
    /// `page`, `publish`, `stored`, `attempt`, `wait`, `exchange` or `answer`.
    #[schema(example = "attempt")]
    pub kind: String,
    /// `ok`, `failed`, `waiting` or `skipped`.
    #[schema(example = "ok")]
    pub outcome: String,
    pub text: String,
    /// Beginning of an answer that was no success; `null` without the permission `payloads.read`.
    pub excerpt: Option<String>,
    /// Id of the delivery, event or exchange that it is about.
    #[serde(rename = "ref")]
    pub about: Option<String>,
}

/// The fate of an event at one hook, or of an exchange at its recipient.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Receiver {
    pub app: String,
    /// `null` for the recipient of an exchange.
    pub hook: Option<Hook>,
    /// Latest delivery of the event to the hook.
    pub delivery: Option<Delivery>,
    pub got: bool,
    /// Verdict when it was published or sent.
    pub then: Verdict,
    /// Verdict at the present time.
    pub now: Verdict,
    /// The verdict in one sentence.
    pub why: String,
    /// Change that would lead to another verdict.
    pub fix: Option<Fix>,
    #[schema(format = DateTime)]
    pub since: Option<String>,
    /// The change since it was published.
    pub changed: Option<String>,
}

/// A check of an exchange.
#[expect(clippy::struct_field_names, reason = "the member is named in the API")]
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `sender`, `recipient`, `link`, `receiver`, `type` or `answer`.
    #[schema(example = "link")]
    pub check: String,
    /// `null` if it was not made, because an earlier one failed.
    pub ok: Option<bool>,
    pub text: String,
}

/// An event or an exchange that an event has caused.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    pub id: String,
    /// Kind of the effect: `event` or `exchange`.
    #[schema(example = "event")]
    pub kind: String,
    pub name: String,
    /// App that published or sent it.
    pub app: String,
    #[schema(format = DateTime)]
    pub at: String,
}

/// How much was left out of a story.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct Folded {
    pub steps: u64,
    pub receivers: u64,
}
