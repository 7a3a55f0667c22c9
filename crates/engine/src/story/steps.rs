//! The steps of a story in the order of time, and who takes part in them.

use super::facts::Facts;
use super::receivers::ReceiverStory;
use crate::verdict::Verdict;
use footbridge_journal::{Effect, EffectKind};
use footbridge_model::delivery::Attempt;
use footbridge_model::name::AppName;
use footbridge_model::provenance::Via;
use footbridge_model::time::Millis;

/// The most steps of a story. Of more, the first and the last ones are shown.
const MAX_STEPS: usize = 200;
/// How many of them are the last ones.
const LAST_STEPS: usize = 50;

/// Someone who takes part in a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// The kind of participant.
    pub kind: ParticipantKind,
    /// The name of the app, or what it is.
    pub name: String,
    /// The state that keeps an app from taking part, if there is one.
    pub state: Option<&'static str>,
}

/// The kind of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParticipantKind {
    /// The page of a miniapp.
    Page,
    /// The page of the host around it.
    Host,
    /// The server that tells the story.
    Server,
    /// The back end of an app.
    App,
}

impl ParticipantKind {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Host => "host",
            Self::Server => "server",
            Self::App => "app",
        }
    }
}

/// The kind of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A page gave the event to the page of its host.
    Page,
    /// The event was published.
    Publish,
    /// The event was stored with its deliveries.
    Stored,
    /// The event was sent to a receiver.
    Attempt,
    /// A delivery waits for its next attempt.
    Wait,
    /// An exchange was sent.
    Exchange,
    /// An exchange was answered.
    Answer,
}

impl StepKind {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Publish => "publish",
            Self::Stored => "stored",
            Self::Attempt => "attempt",
            Self::Wait => "wait",
            Self::Exchange => "exchange",
            Self::Answer => "answer",
        }
    }
}

/// The outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// The step was done.
    Ok,
    /// The step has failed.
    Failed,
    /// It has not happened yet.
    Waiting,
    /// It does not happen.
    Skipped,
}

impl StepOutcome {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
        }
    }
}

/// One step of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When it happened or will happen.
    pub at: Millis,
    /// How long it took, in milliseconds.
    pub ms: Option<u32>,
    /// The place of the participant that acts.
    pub from: usize,
    /// The place of the participant that it concerns.
    pub to: usize,
    /// The kind of step.
    pub kind: StepKind,
    /// The outcome of the step.
    pub outcome: StepOutcome,
    /// The step in a few words.
    pub text: String,
    /// The beginning of an answer that was no success.
    pub excerpt: Option<String>,
    /// The id of what it is about.
    pub about: Option<String>,
}

/// Steps, and who takes part in them.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) participants: Vec<Participant>,
    pub(super) steps: Vec<Step>,
}

impl Told {
    /// The place of a participant, who is added if it is new.
    pub(super) fn place(&mut self, kind: ParticipantKind, name: &str, state: Option<&'static str>) -> usize {
        let known = self.participants.iter().position(|known| known.kind == kind && known.name == name);
        known.unwrap_or_else(|| {
            self.participants.push(Participant { kind, name: name.to_owned(), state });
            self.participants.len() - 1
        })
    }

    /// Sorts the steps by time, and removes those in the middle if there are too many. Returns how many were removed.
    pub(super) fn fold(&mut self) -> usize {
        self.steps.sort_by_key(|step| step.at);
        let folded = self.steps.len().saturating_sub(MAX_STEPS);
        if folded > 0 {
            let first = MAX_STEPS - LAST_STEPS;
            self.steps.drain(first..first + folded);
        }
        folded
    }
}

/// Tells the steps of an event.
pub(super) fn of_event(facts: &Facts, page_event: Option<&str>, receivers: &[ReceiverStory]) -> Told {
    let mut told = Told::default();
    let event = &facts.event.event;
    let app_state = |app: &AppName| if facts.apps.contains(app) { None } else { Some("switched off") };
    let publisher = event.publisher.as_str();
    let source = match (event.provenance.via, page_event) {
        (Via::System, _) => None,
        (Via::Page, Some(_)) => {
            let page = told.place(ParticipantKind::Page, "page", None);
            let host = told.place(ParticipantKind::Host, "host page", None);
            let text = page_event.map_or_else(String::new, |id| format!("page event {id}"));
            told.steps.push(step(event.time, page, host, StepKind::Page, &text));
            Some(host)
        }
        (Via::Page, None) => Some(told.place(ParticipantKind::Page, publisher, None)),
        _ => Some(told.place(ParticipantKind::App, publisher, app_state(&event.publisher))),
    };
    let server = told.place(ParticipantKind::Server, "server", None);
    let id = Some(event.id.to_string());
    let text = format!("published by `{publisher}` as `{}`", event.name);
    let published = step(event.time, source.unwrap_or(server), server, StepKind::Publish, &text);
    told.steps.push(Step { about: id.clone(), ..published });
    let text = match facts.event.deliveries {
        0 => "stored; no hook matches".to_owned(),
        1 => "stored with 1 delivery".to_owned(),
        count => format!("stored with {count} deliveries"),
    };
    told.steps.push(Step { about: id, ..step(event.time, server, server, StepKind::Stored, &text) });
    for receiver in receivers {
        let Some(views) = facts.deliveries.get(&receiver.hook.id) else { continue };
        let app = &receiver.hook.app;
        let to = told.place(ParticipantKind::App, app.as_str(), app_state(app));
        for view in views {
            let about = view.delivery.id.to_string();
            let made = view.attempts.iter().map(|attempt| attempt_step(attempt, server, to, &about));
            told.steps.extend(made);
        }
        if let Some(wait) = wait_step(facts, receiver, server, to) {
            told.steps.push(wait);
        }
    }
    for effect in &facts.effects {
        let from = told.place(ParticipantKind::App, effect.app.as_str(), app_state(&effect.app));
        told.steps.push(effect_step(effect, from, server));
    }
    told
}

pub(super) fn step(at: Millis, from: usize, to: usize, kind: StepKind, text: &str) -> Step {
    let text = text.to_owned();
    Step { at, ms: None, from, to, kind, outcome: StepOutcome::Ok, text, excerpt: None, about: None }
}

fn attempt_step(attempt: &Attempt, server: usize, to: usize, delivery: &str) -> Step {
    let Attempt { n, at, status, error, ms, answer, .. } = attempt;
    let outcome = if error.is_none() { StepOutcome::Ok } else { StepOutcome::Failed };
    let result = match (status, error) {
        (Some(status), _) => status.to_string(),
        (None, Some(error)) => error.clone(),
        (None, None) => "done".to_owned(),
    };
    Step {
        ms: Some(*ms),
        outcome,
        excerpt: answer.clone(),
        about: Some(delivery.to_owned()),
        ..step(*at, server, to, StepKind::Attempt, &format!("try {n} · {result}"))
    }
}

/// The step of a delivery that is still to come, or that was skipped.
fn wait_step(facts: &Facts, receiver: &ReceiverStory, server: usize, to: usize) -> Option<Step> {
    let delivery = &receiver.delivery.as_ref()?.delivery;
    let outcome = match receiver.now {
        Verdict::Delivered | Verdict::Unanswered | Verdict::Dead | Verdict::RefusedAddress => return None,
        Verdict::Cancelled | Verdict::HookRemoved => StepOutcome::Skipped,
        _ if delivery.next_attempt_at.is_none() => StepOutcome::Skipped,
        _ => StepOutcome::Waiting,
    };
    let at = delivery.next_attempt_at.unwrap_or(facts.event.event.time);
    let about = Some(delivery.id.to_string());
    Some(Step { outcome, about, ..step(at, server, to, StepKind::Wait, &receiver.why) })
}

fn effect_step(effect: &Effect, from: usize, server: usize) -> Step {
    let (kind, text) = match effect.kind {
        EffectKind::Event => (StepKind::Publish, format!("published `{}` because of it", effect.name)),
        EffectKind::Exchange => (StepKind::Exchange, format!("sent `{}` because of it", effect.name)),
    };
    Step { about: Some(effect.id()), ..step(effect.at, from, server, kind, &text) }
}
