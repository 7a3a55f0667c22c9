//! The state of a lane in words: why it waits, and since when. A pure function of its hook, its backlog and what the
//! dispatcher holds.

use crate::lane_asks::LaneState;
use crate::registry::HookEntry;
use footbridge_journal::{DeliveryView, HookBacklog};
use footbridge_model::attempt::FailureKind;
use footbridge_model::hook::Hook;
use footbridge_model::id::made_at;
use footbridge_model::time::Millis;
use std::sync::Arc;

/// The state of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneStatus {
    /// No delivery is pending.
    Idle,
    /// The lane attempts its deliveries.
    Moving,
    /// Some deliveries wait for others.
    Waiting,
    /// No delivery gets through.
    Standing,
    /// An operator has paused it.
    Paused,
    /// The hook or the app is switched off.
    Off,
}

impl LaneStatus {
    /// All states in the order of their definition.
    pub const ALL: [Self; 6] =
        [Self::Idle, Self::Moving, Self::Waiting, Self::Standing, Self::Paused, Self::Off];

    /// The word for it in answers and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Moving => "moving",
            Self::Waiting => "waiting",
            Self::Standing => "standing",
            Self::Paused => "paused",
            Self::Off => "off",
        }
    }
}

/// The text is not the state of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lane is `idle`, `moving`, `waiting`, `standing`, `paused` or `off`")]
pub struct BadLaneStatus;

impl std::str::FromStr for LaneStatus {
    type Err = BadLaneStatus;

    fn from_str(text: &str) -> Result<Self, BadLaneStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(BadLaneStatus)
    }
}

/// The reason why a lane does not move freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneReason {
    /// The receiver answers the oldest delivery with an error.
    HeadFailing,
    /// As many deliveries are in flight as the hook allows.
    WindowFull,
    /// The receiver cannot be reached, or its app does not run.
    AppDown,
    /// An operator has switched the hook off.
    HookOff,
    /// The receiver answered 410.
    HookOffGone,
    /// An operator has paused it.
    Paused,
    /// The app of the hook is switched off.
    AppDisabled,
}

impl LaneReason {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HeadFailing => "head_failing",
            Self::WindowFull => "window_full",
            Self::AppDown => "app_down",
            Self::HookOff => "hook_off",
            Self::HookOffGone => "hook_off_410",
            Self::Paused => "paused",
            Self::AppDisabled => "app_disabled",
        }
    }
}

/// The lane of a hook: its state, and why.
#[derive(Debug, Clone)]
pub struct LaneReport {
    /// The hook of the lane.
    pub hook: Arc<HookEntry>,
    /// The state of the lane.
    pub status: LaneStatus,
    /// Why it does not move freely.
    pub reason: Option<LaneReason>,
    /// State and reason in words.
    pub text: String,
    /// Since when, if that is known.
    pub since: Option<Millis>,
    /// The number of pending deliveries.
    pub pending: u64,
    /// The number of deliveries in flight.
    pub in_flight: usize,
    /// The oldest pending delivery.
    pub head: Option<DeliveryView>,
}

impl LaneReport {
    /// How long the oldest pending delivery has existed.
    pub fn head_age(&self, now: Millis) -> Option<std::time::Duration> {
        self.head.as_ref().map(|head| made_at(head.delivery.id.number()).until(now))
    }
}

/// State, reason, words, and since when.
type Judged = (LaneStatus, Option<LaneReason>, String, Option<Millis>);

/// Judges a lane. `lane` is what the dispatcher holds.
pub(crate) fn report(
    hook: Arc<HookEntry>,
    app_enabled: bool,
    backlog: HookBacklog,
    lane: Option<LaneState>,
) -> LaneReport {
    let lane = lane.unwrap_or_default();
    let HookBacklog { hook: _, pending, head } = backlog;
    let (status, reason, text, since) =
        held_back(&hook.hook, app_enabled).unwrap_or_else(|| judge(&hook.hook, pending, head.as_ref(), lane));
    LaneReport { hook, status, reason, text, since, pending, in_flight: lane.in_flight, head }
}

/// The judgement of a lane that makes no attempts, because somebody decided so.
fn held_back(hook: &Hook, app_enabled: bool) -> Option<Judged> {
    if !hook.enabled {
        let off = hook.off.as_ref();
        let (reason, text) = match off.map(|off| off.by.as_deref()) {
            Some(None) => (LaneReason::HookOffGone, "its receiver answered 410".to_owned()),
            Some(Some(by)) => (LaneReason::HookOff, format!("`{by}` has switched the hook off")),
            None => (LaneReason::HookOff, "the hook is switched off".to_owned()),
        };
        return Some((LaneStatus::Off, Some(reason), text, off.map(|off| off.at)));
    }
    if !app_enabled {
        let text = format!("its app `{}` is switched off", hook.app);
        return Some((LaneStatus::Off, Some(LaneReason::AppDisabled), text, None));
    }
    let pause = hook.paused.as_ref()?;
    let reason = pause.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let text = format!("`{}` has paused it{reason}", pause.by);
    Some((LaneStatus::Paused, Some(LaneReason::Paused), text, Some(pause.at)))
}

fn judge(hook: &Hook, pending: u64, head: Option<&DeliveryView>, lane: LaneState) -> Judged {
    let Some(head) = head else {
        return (LaneStatus::Idle, None, "nothing is pending".to_owned(), None);
    };
    let made = Some(made_at(head.delivery.id.number()));
    if lane.waits_for_app {
        let text = format!("the app `{}` is being started", hook.app);
        return (LaneStatus::Waiting, Some(LaneReason::AppDown), text, made);
    }
    if head.delivery.attempts > 0 {
        return failing(hook, pending, head);
    }
    if lane.receiver_fails {
        let text = "the receiver has not answered the last attempts, and gets one at a time".to_owned();
        return (LaneStatus::Standing, Some(LaneReason::AppDown), text, made);
    }
    let behind = pending.saturating_sub(lane.in_flight as u64);
    if !hook.options.ordered && lane.in_flight >= usize::from(hook.options.in_flight) && behind > 0 {
        let text = format!("{} are in flight, which is the limit of the hook; {behind} wait", lane.in_flight);
        return (LaneStatus::Waiting, Some(LaneReason::WindowFull), text, made);
    }
    (LaneStatus::Moving, None, format!("{pending} are pending, {} of them in flight", lane.in_flight), None)
}

/// The judgement of a lane whose oldest delivery has failed before.
fn failing(hook: &Hook, pending: u64, head: &DeliveryView) -> Judged {
    let delivery = &head.delivery;
    let error = delivery.last_error.as_deref().unwrap_or("the attempt failed");
    let unreachable = FailureKind::of_error(error).is_some_and(FailureKind::is_unreachable);
    let next =
        delivery.next_attempt_at.map_or_else(String::new, |at| format!("; the next attempt is due {at}"));
    let tries = if delivery.attempts == 1 { "attempt" } else { "attempts" };
    let behind = pending.saturating_sub(1);
    let behind = match (hook.options.ordered, behind) {
        (_, 0) => String::new(),
        (true, behind) => format!("; {behind} wait behind it"),
        (false, behind) => format!("; {behind} more are pending and do not wait for it"),
    };
    let text =
        format!("its oldest delivery has failed in {} {tries} ({error}){next}{behind}", delivery.attempts);
    let since = head.attempts.first().map(|first| first.at);
    let status = if hook.options.ordered || unreachable { LaneStatus::Standing } else { LaneStatus::Waiting };
    let reason = if unreachable { LaneReason::AppDown } else { LaneReason::HeadFailing };
    (status, Some(reason), text, since)
}
