//! Handlers of the stories of events and exchanges.

use super::extract::{Admin, Id, Shared};
use super::fix::{self, About};
use super::{AdminState, deliveries, events, exchanges, hooks, visible};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use footbridge_api as api;
use footbridge_engine::{EventStory, Participant, ReceiverStory, Step, Verdict};
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::event::Event;
use footbridge_model::exchange::Direction;
use footbridge_model::id::{EventId, ExchangeId};
use footbridge_model::name::AppName;
use footbridge_model::permission::Permission;

fn participants(all: Vec<Participant>) -> Vec<api::Participant> {
    let render = |(place, participant): (usize, Participant)| api::Participant {
        id: format!("p{place}"),
        kind: participant.kind.as_str().to_owned(),
        name: participant.name,
        state: participant.state.map(str::to_owned),
    };
    all.into_iter().enumerate().map(render).collect()
}

fn steps(all: Vec<Step>, payload: bool) -> Vec<api::Step> {
    let render = |step: Step| api::Step {
        at: step.at.to_string(),
        ms: step.ms,
        from: format!("p{}", step.from),
        to: format!("p{}", step.to),
        kind: step.kind.as_str().to_owned(),
        outcome: step.outcome.as_str().to_owned(),
        text: step.text,
        excerpt: step.excerpt.filter(|_| payload),
        about: step.about,
    };
    all.into_iter().map(render).collect()
}

/// Renders a verdict.
pub(super) fn verdict(verdict: Verdict) -> api::Verdict {
    api::Verdict { code: verdict.code().to_owned(), text: verdict.reason().to_owned() }
}

/// Returns the event that a receiver's verdict is about.
pub(super) fn about<'a>(event: &'a Event, id: &'a str, receiver: &ReceiverStory) -> About<'a> {
    About {
        publisher: &event.publisher,
        name: event.name.as_str(),
        event: Some(id),
        delivery: receiver.delivery.as_ref().map(|view| view.delivery.id),
        waits_for: receiver.waits_for,
    }
}

fn receiver(shared: &AdminState, event: &Event, receiver: ReceiverStory) -> api::Receiver {
    let id = event.id.to_string();
    let fix = fix::of(shared, receiver.now, &receiver.hook, about(event, &id, &receiver));
    api::Receiver {
        app: receiver.hook.app.to_string(),
        hook: Some(hooks::view_of(&receiver.hook)),
        delivery: receiver.delivery.map(|view| deliveries::delivery(view, shared)),
        got: receiver.got,
        then: verdict(receiver.then),
        now: verdict(receiver.now),
        why: receiver.why,
        fix,
        since: receiver.since.map(|since| since.to_string()),
        changed: receiver.changed,
    }
}

/// Reads the story of an event that the caller sees, without the receivers that it does not see.
pub(super) async fn find(
    shared: &AdminState,
    caller: &AdminCaller,
    id: EventId,
) -> Result<EventStory, Problem> {
    let story = shared.engine.event_story(id, caller.apps.as_ref()).await?;
    story.ok_or_else(|| Problem::missing("event"))
}

/// Returns the version of the package of an installed app.
fn app_version(shared: &AdminState, app: &AppName) -> Option<String> {
    let entry = shared.engine.app(app).ok()?;
    entry.app.package.as_ref().map(|package| package.version.clone())
}

/// Tells the story of an event: its steps, who got it, who did not, why, and what to do about it.
#[utoipa::path(get, path = "/api/v1/events/{id}/story", tag = "events", security(("admin" = [])),
    params(("id" = String, Path)),
    responses((status = 200, description = "The story", body = api::EventStory)))]
pub(super) async fn event(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<EventId>,
) -> Result<Json<api::EventStory>, Problem> {
    let story = find(&shared, &caller, id).await?;
    let payload = caller.may(Permission::PayloadsRead);
    let stored = &story.event.event;
    let origin = api::StoryOrigin {
        via: stored.provenance.via.as_str().to_owned(),
        page_event: story.page_event.filter(|_| payload),
        cause: stored.lineage.cause.map(events::cause),
        test: stored.provenance.test,
        app_version: app_version(&shared, &stored.publisher),
    };
    let effect = |effect: &footbridge_engine::Effect| api::Effect {
        id: effect.id(),
        kind: effect.kind.as_str().to_owned(),
        name: effect.name.clone(),
        app: effect.app.to_string(),
        at: effect.at.to_string(),
    };
    let receivers = story.receivers.into_iter().map(|told| receiver(&shared, stored, told)).collect();
    Ok(Json(api::EventStory {
        origin,
        participants: participants(story.participants),
        steps: steps(story.steps, payload),
        receivers,
        effects: story.effects.iter().map(effect).collect(),
        folded: api::Folded { steps: story.folded_steps as u64, receivers: story.folded_receivers as u64 },
        event: events::event(&story.event),
    }))
}

/// Returns the verdict about an exchange that is left to mend.
const fn to_mend(then: Verdict, now: Verdict) -> Verdict {
    match (then, now) {
        (Verdict::Delivered, _) => Verdict::Delivered,
        // The sender or the server was at fault, whatever the registry says of the recipient.
        (Verdict::Cancelled, _) => Verdict::Cancelled,
        // What the registry forbade then, it allows now.
        (Verdict::NoLink | Verdict::AppDisabled | Verdict::HookDisabled, Verdict::Gets) => Verdict::Gets,
        // The registry does not know if the receiver works by now.
        (then, Verdict::Gets) => then,
        (_, now) => now,
    }
}

/// Tells the story of an exchange: its checks, its steps, and what to do if it failed.
#[utoipa::path(get, path = "/api/v1/exchanges/{id}/story", tag = "exchanges", security(("admin" = [])),
    params(("id" = String, Path)),
    responses((status = 200, description = "The story", body = api::ExchangeStory)))]
pub(super) async fn exchange(
    Admin(caller): Admin,
    State(shared): State<Shared>,
    Id(id): Id<ExchangeId>,
) -> Result<Json<api::ExchangeStory>, Problem> {
    let missing = || Problem::missing("exchange");
    let story = shared.engine.exchange_story(id).await?.ok_or_else(missing)?;
    if !visible::exchange(&caller, &story.record.head) {
        return Err(missing());
    }
    let payload = caller.may(Permission::PayloadsRead);
    let head = &story.record.head;
    let ends = match head.direction {
        Direction::ToMiniapp => (&head.sender, &head.recipient),
        Direction::ToHost => (&head.recipient, &head.sender),
    };
    let verdict = |verdict: Verdict| api::Verdict {
        code: verdict.code().to_owned(),
        text: verdict.reason_of_exchange().to_owned(),
    };
    let receiver = api::Receiver {
        app: head.recipient.to_string(),
        hook: None,
        delivery: None,
        got: story.got,
        then: verdict(story.then),
        now: verdict(story.now),
        why: story.why,
        fix: fix::of_exchange(&shared, to_mend(story.then, story.now), ends, &story.record),
        since: None,
        changed: None,
    };
    let origin = api::StoryOrigin {
        via: head.provenance.via.as_str().to_owned(),
        page_event: None,
        cause: head.cause.map(events::cause),
        test: head.provenance.test,
        app_version: app_version(&shared, &head.sender),
    };
    let check = |check: footbridge_engine::Check| api::Check {
        check: check.kind.as_str().to_owned(),
        ok: check.ok,
        text: check.text,
    };
    Ok(Json(api::ExchangeStory {
        origin,
        participants: participants(story.participants),
        steps: steps(story.steps, payload),
        checks: story.checks.into_iter().map(check).collect(),
        receivers: vec![receiver],
        folded: api::Folded::default(),
        exchange: exchanges::detail(story.record, payload),
    }))
}
