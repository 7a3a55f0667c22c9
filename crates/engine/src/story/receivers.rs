//! The receivers of an event: the verdict when it was published, the verdict now, and what has changed.

use super::facts::Facts;
use crate::explain::Judge;
use crate::lane_report::{LaneReason, LaneReport, LaneStatus};
use crate::publish::{SKIPPED_APP, SKIPPED_HOOK};
use crate::registry::APP_DELETED;
use crate::verdict::Verdict;
use footbridge_journal::DeliveryView;
use footbridge_model::attempt::FailureKind;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::Hook;
use footbridge_model::id::{DeliveryId, nth};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use std::time::Duration;

/// The most receivers of a story.
const MAX_RECEIVERS: usize = 200;

/// The fate of an event at one hook.
#[derive(Debug, Clone)]
pub struct ReceiverStory {
    /// The hook as it is, or as it was when it was removed.
    pub hook: Hook,
    /// The latest delivery of the event to the hook.
    pub delivery: Option<DeliveryView>,
    /// True if the receiver has taken the event.
    pub got: bool,
    /// The verdict when the event was published.
    pub then: Verdict,
    /// The verdict at the present time.
    pub now: Verdict,
    /// The verdict now in one sentence, with its circumstances.
    pub why: String,
    /// Since when it is so, if that is known.
    pub since: Option<Millis>,
    /// The verdict for the event if it were published again.
    pub rule: Verdict,
    /// The change since the event was published.
    pub changed: Option<String>,
    /// The oldest delivery of the lane, if this one waits for it.
    pub waits_for: Option<DeliveryId>,
}

/// The verdict now, in words, since when, and the delivery that it waits for.
struct Present(Verdict, String, Option<Millis>, Option<DeliveryId>);

/// Returns the receivers, nearest first, and how many hooks were left out.
pub(super) fn of(facts: &Facts, judge: &Judge<'_>) -> (Vec<ReceiverStory>, usize) {
    let removed = facts.deliveries.iter().filter(|(id, _)| !facts.hooks.contains_key(id));
    let removed = removed.filter_map(|(_, views)| views.last().map(|view| &view.hook));
    let known = facts.hooks.values().chain(removed);
    // Without all deliveries, it is not known which of the other hooks got the event. The server's own hooks are for its
    // own events only.
    let others = |hook: &Hook| facts.complete && hook.app != AppName::bolt();
    let known = known.filter(|hook| facts.deliveries.contains_key(&hook.id) || others(hook));
    let mut all: Vec<ReceiverStory> = known.map(|hook| receiver(facts, judge, hook)).collect();
    all.sort_by_key(|receiver| (rank(receiver), receiver.hook.id));
    let folded = all.len().saturating_sub(MAX_RECEIVERS);
    all.truncate(MAX_RECEIVERS);
    (all, folded)
}

/// The order of receivers: what needs an operator, then what arrived, then hooks for other events.
const fn rank(receiver: &ReceiverStory) -> u8 {
    match receiver.now {
        Verdict::OtherPublisher => 4,
        Verdict::OtherEvent => 3,
        _ if receiver.delivery.is_none() => 2,
        Verdict::Delivered | Verdict::Unanswered => 1,
        _ => 0,
    }
}

fn receiver(facts: &Facts, judge: &Judge<'_>, hook: &Hook) -> ReceiverStory {
    let views = facts.deliveries.get(&hook.id).map(Vec::as_slice).unwrap_or_default();
    let then = then(facts, judge, hook, views.first());
    let Present(now, why, since, waits_for) = match views.last() {
        Some(view) => of_delivery(facts, hook, view),
        None => without_delivery(facts, judge, hook, then),
    };
    let differs = then != now || then == Verdict::HookMadeLater;
    let changed = if differs { changed(facts, hook, then, now) } else { None };
    ReceiverStory {
        hook: hook.clone(),
        got: views.iter().any(|view| view.delivery.status == DeliveryStatus::Delivered),
        delivery: views.last().cloned(),
        then,
        now,
        why,
        since,
        rule: judge.verdict(hook),
        changed,
        waits_for,
    }
}

/// The verdict when the event was published.
fn then(facts: &Facts, judge: &Judge<'_>, hook: &Hook, first: Option<&DeliveryView>) -> Verdict {
    let event = &facts.event.event;
    // The deliveries of an event have the ids behind its own; those of replays come later.
    let last = nth(event.id.number(), u64::from(facts.made));
    match first.filter(|view| view.delivery.id.number() <= last) {
        Some(view) => match skipped(view) {
            Some(Verdict::HookDisabled) if is_gone_since(hook, event.time) => Verdict::HookDisabledGone,
            Some(verdict) => verdict,
            None => Verdict::Gets,
        },
        None if hook.id.number() > event.id.number() => Verdict::HookMadeLater,
        None => match judge.verdict(hook) {
            // A hook that matched would have a delivery, even while it was switched off.
            Verdict::Gets | Verdict::HookDisabled | Verdict::HookDisabledGone | Verdict::AppDisabled => {
                Verdict::NotASubscriber
            }
            verdict => verdict,
        },
    }
}

fn is_gone_since(hook: &Hook, time: Millis) -> bool {
    hook.off.as_ref().is_some_and(|off| off.is_gone() && off.at <= time)
}

/// Why a delivery was skipped when the event was published, if it was.
fn skipped(view: &DeliveryView) -> Option<Verdict> {
    let reason = view.delivery.last_error.as_deref().filter(|_| view.delivery.attempts == 0)?;
    match reason {
        SKIPPED_HOOK => Some(Verdict::HookDisabled),
        SKIPPED_APP => Some(Verdict::AppDisabled),
        _ => None,
    }
}

/// The present verdict for a hook without a delivery of the event.
fn without_delivery(facts: &Facts, judge: &Judge<'_>, hook: &Hook, then: Verdict) -> Present {
    match then {
        Verdict::HookMadeLater => {
            let after = words(facts.event.event.time.until(hook.created_at));
            let rule = judge.verdict(hook);
            let now = if rule == Verdict::Gets { Verdict::HookMadeLater } else { rule };
            let why = if now == Verdict::HookMadeLater {
                format!("the hook was made {after} after the event")
            } else {
                now.reason().to_owned()
            };
            Present(now, why, Some(hook.created_at), None)
        }
        Verdict::NotASubscriber => {
            let why = "the publisher named other subscribers, or the event was private when it was published";
            Present(then, why.to_owned(), None, None)
        }
        _ => Present(then, then.reason().to_owned(), None, None),
    }
}

/// The present verdict for a hook with a delivery of the event.
fn of_delivery(facts: &Facts, hook: &Hook, view: &DeliveryView) -> Present {
    let delivery = &view.delivery;
    let ended = view.attempts.last().map(|last| last.at.plus(Duration::from_millis(last.ms.into())));
    let error = delivery.last_error.as_deref();
    match delivery.status {
        DeliveryStatus::Delivered => {
            let why = format!("delivered by attempt {}", delivery.attempts);
            Present(Verdict::Delivered, why, ended, None)
        }
        DeliveryStatus::Unanswered => {
            Present(Verdict::Unanswered, Verdict::Unanswered.reason().to_owned(), ended, None)
        }
        DeliveryStatus::Dead => dead(hook, view, ended),
        DeliveryStatus::Pending => pending(facts, hook, view),
        DeliveryStatus::Cancelled if !facts.hooks.contains_key(&hook.id) => {
            let why = if error == Some(APP_DELETED) {
                format!("the app `{}` was deleted with its hooks, and the delivery cancelled", hook.app)
            } else {
                "the hook was removed, and the delivery cancelled".to_owned()
            };
            Present(Verdict::HookRemoved, why, None, None)
        }
        DeliveryStatus::Cancelled => {
            let off = (!hook.enabled).then(|| Verdict::of_disabled(hook));
            let app_off = !facts.apps.contains(&hook.app) && skipped(view) == Some(Verdict::AppDisabled);
            let now = off.or(app_off.then_some(Verdict::AppDisabled)).unwrap_or(Verdict::Cancelled);
            let since = hook.off.as_ref().filter(|_| off.is_some()).map(|off| off.at);
            let why = match (now, off_by(hook), error) {
                (Verdict::HookDisabled | Verdict::HookDisabledGone, Some(by), _) => by,
                (Verdict::AppDisabled, ..) => format!("its app `{}` is switched off", hook.app),
                (Verdict::Cancelled, _, Some(error)) => format!("{error}; it can be retried"),
                _ => now.reason().to_owned(),
            };
            Present(now, why, since, None)
        }
    }
}

/// Who or what has switched the hook off, in words.
fn off_by(hook: &Hook) -> Option<String> {
    let off = hook.off.as_ref()?;
    Some(match &off.by {
        Some(by) => format!("`{by}` has switched the hook off"),
        None => "the hook is switched off because its receiver answered 410".to_owned(),
    })
}

fn dead(hook: &Hook, view: &DeliveryView, ended: Option<Millis>) -> Present {
    let delivery = &view.delivery;
    let error = delivery.last_error.as_deref().unwrap_or("the attempt failed");
    if delivery.last_status == Some(410) && !hook.enabled {
        let why = "the receiver answered 410, so the hook is switched off".to_owned();
        return Present(Verdict::HookDisabledGone, why, ended, None);
    }
    let attempts = delivery.attempts;
    let plural = if attempts == 1 { "attempt" } else { "attempts" };
    let why = format!("dead after {attempts} {plural}: {error}");
    match FailureKind::of_error(error) {
        Some(FailureKind::Blocked) => Present(Verdict::RefusedAddress, why, ended, None),
        _ => Present(Verdict::Dead, why, ended, None),
    }
}

fn pending(facts: &Facts, hook: &Hook, view: &DeliveryView) -> Present {
    let delivery = &view.delivery;
    let Some(lane) = facts.lanes.get(&hook.id) else {
        return Present(Verdict::Gets, "its delivery is on its way".to_owned(), None, None);
    };
    let of_lane = |verdict| Present(verdict, lane.text.clone(), lane.since, None);
    match lane.reason {
        Some(LaneReason::Paused) => return of_lane(Verdict::WaitingPaused),
        Some(LaneReason::HookOff) => return of_lane(Verdict::HookDisabled),
        Some(LaneReason::HookOffGone) => return of_lane(Verdict::HookDisabledGone),
        Some(LaneReason::AppDisabled) => return of_lane(Verdict::AppDisabled),
        _ => {}
    }
    if delivery.attempts > 0 {
        return failed(view);
    }
    let head = lane.head.as_ref().map(|head| head.delivery.id).filter(|head| *head != delivery.id);
    if let Some(head) = head.filter(|_| hook.options.ordered) {
        return Present(Verdict::WaitingOrder, behind(lane, head), lane.since, Some(head));
    }
    match (lane.status, lane.reason) {
        (_, Some(LaneReason::WindowFull)) => of_lane(Verdict::WaitingWindow),
        (_, Some(LaneReason::AppDown)) => of_lane(Verdict::WaitingApp),
        (LaneStatus::Moving | LaneStatus::Waiting, _) => {
            Present(Verdict::Gets, format!("its delivery is on its way: {}", lane.text), None, None)
        }
        _ => Present(Verdict::Gets, "its delivery is on its way".to_owned(), None, None),
    }
}

/// The verdict of a pending delivery that has failed before.
fn failed(view: &DeliveryView) -> Present {
    let delivery = &view.delivery;
    let error = delivery.last_error.as_deref().unwrap_or("the attempt failed");
    let unreachable = FailureKind::of_error(error).is_some_and(FailureKind::is_unreachable);
    let verdict = if unreachable { Verdict::WaitingApp } else { Verdict::WaitingRetry };
    let next = delivery.next_attempt_at.map_or_else(String::new, |at| format!("; the next one is due {at}"));
    let why = format!("attempt {} failed ({error}){next}", delivery.attempts);
    Present(verdict, why, view.attempts.first().map(|first| first.at), None)
}

/// The words for a delivery that waits behind the oldest one of its lane.
fn behind(lane: &LaneReport, head: DeliveryId) -> String {
    let event = lane.head.as_ref().map_or_else(String::new, |view| format!(" of {}", view.delivery.event_id));
    let error = lane.head.as_ref().and_then(|view| view.delivery.last_error.clone());
    let error = error.map_or_else(String::new, |error| format!(", which has failed ({error})"));
    format!("the hook is ordered, and this waits behind {head}{event}{error}")
}

/// The change between the two verdicts, in words.
fn changed(facts: &Facts, hook: &Hook, then: Verdict, now: Verdict) -> Option<String> {
    let after = || words(facts.event.event.time.until(hook.created_at));
    match (then, now) {
        (Verdict::HookMadeLater, _) => Some(format!("the hook was made {} after the event", after())),
        (_, Verdict::HookDisabled | Verdict::HookDisabledGone) => {
            let off = hook.off.as_ref()?;
            Some(format!("{} at {}", off_by(hook)?, off.at))
        }
        (_, Verdict::AppDisabled) => Some(format!("its app `{}` was switched off", hook.app)),
        (_, Verdict::HookRemoved) => Some("the hook was removed".to_owned()),
        (Verdict::HookDisabled | Verdict::HookDisabledGone, _) => {
            Some("the hook was switched on again".to_owned())
        }
        (Verdict::AppDisabled, _) => Some("its app was switched on again".to_owned()),
        (_, Verdict::WaitingPaused) => {
            let pause = hook.paused.as_ref()?;
            Some(format!("`{}` has paused the lane at {}", pause.by, pause.at))
        }
        _ => None,
    }
}

/// A duration in words, with its largest unit.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
