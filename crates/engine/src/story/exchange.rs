//! The story of an exchange: its checks in the order in which they are made, and its one recipient.

use super::steps::{Participant, ParticipantKind, Step, StepKind, StepOutcome, Told, step};
use crate::exchange::refused_as_unlinked;
use crate::registry::AppRegistry;
use crate::verdict::Verdict;
use footbridge_model::exchange::{
    Direction, ExchangeFailure, ExchangeFailureKind, ExchangeOutcome, ExchangeRecord,
};
use footbridge_model::provenance::Via;
use footbridge_model::time::Millis;
use std::time::Duration;

/// A check of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// The sender is who it says.
    Sender,
    /// The recipient exists and is switched on.
    Recipient,
    /// A link connects the two.
    Link,
    /// The recipient has a receiver, which is switched on.
    Receiver,
    /// The type of the event is acceptable.
    Type,
    /// The recipient answered, and the answer can be used.
    Answer,
}

impl CheckKind {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Link => "link",
            Self::Receiver => "receiver",
            Self::Type => "type",
            Self::Answer => "answer",
        }
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The kind of the check.
    pub kind: CheckKind,
    /// True if it was passed; `None` if an earlier one failed, or it is not known yet.
    pub ok: Option<bool>,
    /// The result in words.
    pub text: String,
}

/// The story of an exchange.
#[derive(Debug, Clone)]
pub struct ExchangeStory {
    /// The exchange as it is stored.
    pub record: ExchangeRecord,
    /// Who takes part in the steps.
    pub participants: Vec<Participant>,
    /// The steps, oldest first.
    pub steps: Vec<Step>,
    /// The checks, in their order.
    pub checks: Vec<Check>,
    /// True if the recipient has answered.
    pub got: bool,
    /// The verdict when it was sent.
    pub then: Verdict,
    /// The verdict for one that is sent now.
    pub now: Verdict,
    /// The verdict then in one sentence.
    pub why: String,
}

/// Tells the story of an exchange.
pub(crate) fn of_exchange(registry: &AppRegistry, record: ExchangeRecord) -> ExchangeStory {
    let present = RegistryNow::of(registry, &record);
    let (then, why) = then(&record, present);
    let Told { participants, steps } = steps(&record);
    ExchangeStory {
        participants,
        steps,
        checks: checks(&record, then, &why),
        got: matches!(record.ending, Some(ExchangeOutcome::Answered(_))),
        then,
        now: present.verdict(),
        why,
        record,
    }
}

/// The state of sender and recipient in the registry at present.
#[derive(Debug, Clone, Copy)]
struct RegistryNow {
    enabled: bool,
    linked: bool,
    receives: bool,
}

impl RegistryNow {
    fn of(registry: &AppRegistry, record: &ExchangeRecord) -> Self {
        let (directory, head) = (registry.directory.load(), &record.head);
        let (host, miniapp) = match head.direction {
            Direction::ToMiniapp => (&head.sender, &head.recipient),
            Direction::ToHost => (&head.recipient, &head.sender),
        };
        let recipient = directory.app(head.recipient.as_str()).map(|entry| &entry.app);
        Self {
            enabled: recipient.is_some_and(|app| app.enabled),
            linked: directory.link(host, miniapp).is_some_and(|link| link.enabled),
            receives: recipient.is_some_and(|app| app.receiver_enabled && app.receiver_url.is_some()),
        }
    }

    const fn verdict(self) -> Verdict {
        match self {
            Self { enabled: false, .. } => Verdict::AppDisabled,
            Self { linked: false, .. } => Verdict::NoLink,
            Self { receives: false, .. } => Verdict::HookDisabled,
            _ => Verdict::Gets,
        }
    }
}

/// The verdict when it was sent, in words.
fn then(record: &ExchangeRecord, present: RegistryNow) -> (Verdict, String) {
    let failure = match &record.ending {
        None => return (Verdict::Gets, "it has not ended".to_owned()),
        Some(ExchangeOutcome::Answered(_)) => {
            return (Verdict::Delivered, "the recipient answered".to_owned());
        }
        Some(ExchangeOutcome::Failed(failure)) => failure,
    };
    let recipient = &record.head.recipient;
    let verdict = match failure.kind {
        // The answer to the sender does not tell the two apart. If the app is off now, it probably was.
        ExchangeFailureKind::Forbidden if refused_as_unlinked(failure) && !present.enabled => {
            let why = format!("there is no app `{recipient}`, or it is switched off");
            return (Verdict::AppDisabled, why);
        }
        ExchangeFailureKind::Forbidden if refused_as_unlinked(failure) => {
            let why = format!("no enabled link connects `{}` and `{recipient}`", record.head.sender);
            return (Verdict::NoLink, why);
        }
        ExchangeFailureKind::ReceiverDisabled => Verdict::HookDisabled,
        ExchangeFailureKind::NoAnswer => Verdict::Unanswered,
        ExchangeFailureKind::Undelivered if refuses_address(failure) => Verdict::RefusedAddress,
        ExchangeFailureKind::Undelivered => Verdict::Dead,
        ExchangeFailureKind::Unavailable => Verdict::WaitingApp,
        _ => Verdict::Cancelled,
    };
    (verdict, failure.message.clone())
}

/// Returns true if the outbound policy refused the address of the receiver.
fn refuses_address(failure: &ExchangeFailure) -> bool {
    failure.message.starts_with("the outbound policy refuses")
}

fn checks(record: &ExchangeRecord, then: Verdict, why: &str) -> Vec<Check> {
    use CheckKind as Kind;
    let head = &record.head;
    let texts = [
        (Kind::Sender, format!("`{}` is the sender that its credentials name", head.sender)),
        (Kind::Recipient, format!("the app `{}` exists and is switched on", head.recipient)),
        (Kind::Link, "a link connects sender and recipient".to_owned()),
        (Kind::Receiver, "the recipient has a receiver, which is switched on".to_owned()),
        (Kind::Type, "the type of the event is acceptable".to_owned()),
        (Kind::Answer, "the recipient answered with JSON in time".to_owned()),
    ];
    let failed = match (&record.ending, then) {
        (None | Some(ExchangeOutcome::Answered(_)), _) => None,
        (_, Verdict::AppDisabled) => Some(Kind::Recipient),
        (_, Verdict::NoLink) => Some(Kind::Link),
        (_, Verdict::HookDisabled) => Some(Kind::Receiver),
        (Some(ExchangeOutcome::Failed(failure)), _) => Some(match failure.kind {
            ExchangeFailureKind::Forbidden | ExchangeFailureKind::SenderIsRecipient => Kind::Sender,
            _ => Kind::Answer,
        }),
    };
    let mut stopped = false;
    texts
        .into_iter()
        .map(|(kind, text)| {
            if failed == Some(kind) {
                stopped = true;
                return Check { kind, ok: Some(false), text: why.to_owned() };
            }
            let running = record.ending.is_none() && kind == Kind::Answer;
            Check { kind, ok: (!stopped && !running).then_some(true), text }
        })
        .collect()
}

fn steps(record: &ExchangeRecord) -> Told {
    let (mut told, head) = (Told::default(), &record.head);
    let from = match head.provenance.via {
        Via::Page => told.place(ParticipantKind::Page, head.sender.as_str(), None),
        _ => told.place(ParticipantKind::App, head.sender.as_str(), None),
    };
    let server = told.place(ParticipantKind::Server, "server", None);
    let to = told.place(ParticipantKind::App, head.recipient.as_str(), None);
    let about = Some(head.id.to_string());
    let text = format!("sent `{}` to `{}`", head.event_type, head.recipient);
    let sent = step(head.at, from, server, StepKind::Exchange, &text);
    told.steps.push(Step { about: about.clone(), ..sent });
    let ended = |ms: u32| -> Millis { head.at.plus(Duration::from_millis(ms.into())) };
    match (&record.ending, record.ms) {
        (None, _) => {
            let waits = step(head.at, server, to, StepKind::Wait, "waits for the answer");
            told.steps.push(Step { outcome: StepOutcome::Waiting, about, ..waits });
        }
        (Some(outcome), ms) => {
            let ms = ms.unwrap_or_default();
            let status = record.answer_status.map_or_else(String::new, |status| format!(" · {status}"));
            let (result, outcome) = match outcome {
                ExchangeOutcome::Answered(_) => (format!("answered{status}"), StepOutcome::Ok),
                ExchangeOutcome::Failed(failure) => (failure.message.clone(), StepOutcome::Failed),
            };
            if record.answer_status.is_some() || outcome == StepOutcome::Ok {
                let forwarded = step(head.at, server, to, StepKind::Attempt, &format!("forwarded{status}"));
                told.steps.push(Step { ms: Some(ms), outcome, about: about.clone(), ..forwarded });
            }
            let answer = step(ended(ms), server, from, StepKind::Answer, &result);
            told.steps.push(Step { outcome, about, ..answer });
        }
    }
    told
}
